"""Reading tables of other systems: CSV, Excel, OpenDocument and HTML, with limits and every fault named."""
