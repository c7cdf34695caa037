"""Ways a notice leaves the house. One function each, all of the shape `routing.notices.Send`."""
