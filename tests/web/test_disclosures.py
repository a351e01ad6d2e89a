"""One client's report and what goes out under a consent, as pages."""

from datetime import date

import pytest
from sqlalchemy import func, select

from iop_schedule.models import Disclosure, DisclosureConsent, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.world import mark, occurrence

NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


@pytest.fixture
def held(cast: Cast) -> Cast:
    mark(occurrence(cast.monday, date(2026, 2, 16), cast.ana, cast.ben), cast.ana, cast.carol)
    cast.ana.given_name, cast.ana.family_name = "アナ <b>", "Ñandú-محمد"
    db.session.commit()
    return cast


def test_without_a_consent_the_report_stays_here(http: Http, held: Cast) -> None:
    page = http.sign_in(held.dev.email).get(f"/clients/{held.ana.id}/report").text
    assert "No consent to disclose holds today" in page
    assert "Issue the report" not in page
    answer = http.submit(
        f"/clients/{held.ana.id}/report", {"consent_id": "1"}, page=f"/clients/{held.ana.id}/disclosures"
    )
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Disclosure)) == 0


def test_from_a_signed_form_to_a_sheet_with_the_notice(http: Http, held: Cast) -> None:
    ana = held.ana.id
    http.sign_in(held.dev.email)
    form = {
        "recipient": "Dr. P. Quill",
        "purpose": "Planning care",
        "signed_on": "2026-03-01",
        "expires_on": "2027-03-01",
    }
    assert http.submit(f"/clients/{ana}/disclosures", form).status_code == 302
    consent = db.session.scalars(select(DisclosureConsent)).one()
    answer = http.submit(
        f"/clients/{ana}/report?since=2026-02-02&until=2026-03-01", {"consent_id": consent.id}
    )
    sheet = http.get(answer.location).text
    assert sheet.count(NOTICE) == 2
    assert "アナ &lt;b&gt; Ñandú-محمد" in sheet
    assert "Dr. P. Quill for this purpose: Planning care" in sheet
    assert "Ben" not in sheet
    title = sheet.split("<title>")[1].split("</title>")[0]
    assert "Ñandú" not in title
    page = http.get(f"/clients/{ana}/disclosures").text
    assert "Attendance and hours, Feb 2 to Mar 1, 2026" in page
    assert (
        http.submit(
            f"/clients/{ana}/disclosures/{consent.id}/revoke", page=f"/clients/{ana}/disclosures"
        ).status_code
        == 302
    )
    assert "Revoked" in http.get(f"/clients/{ana}/disclosures").text
    assert http.get(answer.location).status_code == 200


def test_a_form_that_lacks_something_keeps_what_was_typed(http: Http, held: Cast) -> None:
    http.sign_in(held.dev.email)
    form = {"recipient": "", "purpose": "Planning care", "signed_on": "2026-03-05", "expires_on": "soon"}
    answer = http.submit(f"/clients/{held.ana.id}/disclosures", form)
    assert answer.status_code == 422
    assert "Enter who may be told" in answer.text
    assert "Planning care" in answer.text
    late = http.submit(
        f"/clients/{held.ana.id}/disclosures", {**form, "recipient": "Dr. Q", "expires_on": "2026-04-01"}
    )
    assert "A form cannot have been signed after today." in late.text


def test_a_client_without_weeks_of_care_has_nothing_to_report(http: Http, held: Cast) -> None:
    waiting = make.make_client(held.elm)
    make.make_assignment(waiting, held.dev, "case_manager")
    db.session.commit()
    page = http.sign_in(held.dev.email).get(f"/clients/{waiting.id}/report").text
    assert "No weeks of care in this time" in page
