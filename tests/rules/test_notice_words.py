"""The words of notices: carriers read them, so they hold no personal data."""

from routing.notices import catalogue


def test_a_title_goes_out_without_personal_data_even_where_it_is_cut() -> None:
    title = "请联系我13812345678，家住翠苑三区12-1-302，楼上漏水半年没有人管，物业和开发商都不理"
    for row in catalogue.NOTICES:
        words = catalogue.render_notice(row, no="1", title=title, unit="住建局")
        assert "13812345678" not in words
        assert "12-1-302" not in words
    assert catalogue.prepare_title("路灯不亮") == "路灯不亮"
