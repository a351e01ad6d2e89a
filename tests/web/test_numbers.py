"""Numbers in addresses and hidden fields that no row can have: said or not found, never an error."""

import pytest

from tests.cast import Cast
from tests.conftest import Http

TOO_LARGE = "9" * 20


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/program/groups/{group}/co-leaders", "user_id", 302),
        ("/program/what-if/best", "program_id", 302),
    ],
)
@pytest.mark.parametrize("number", [TOO_LARGE, "-1", "x", "٣", ""])
def test_a_number_that_is_none(
    http: Http, cast: Cast, path: str, name: str, status: int, number: str
) -> None:
    root = http.sign_in(cast.root.email)
    where = path.format(group=cast.group.id)
    assert root.submit(where, {name: number}, page="/account").status_code == status
