"""The pages for those who look after an index: logging in, and what forms do."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from support.page import Page
from support.wheel_factory import make_wheel

FORM = "application/x-www-form-urlencoded"


class Browser:
    """Keeps the cookie, and the key of forms, as a browser and its page do."""

    def __init__(self, server):
        self.server, self.cookie, self.key = server, "", ""

    def get(self, path):
        reply = self.server.request("GET", path, headers={"Cookie": self.cookie, "Accept": "text/html"})
        if found := re.search(r'name="form-key" value="(\w+)"', reply.text):
            self.key = found[1]
        return reply

    def post(self, path, headers=None, **fields):
        body = urlencode({"form-key": self.key, **{k.replace("_", "-"): v for k, v in fields.items()}})
        sent = {"Cookie": self.cookie, "Content-Type": FORM, **(headers or {})}
        return self.server.request("POST", path, body.encode(), sent)

    def log_in(self, token):
        reply = self.post("/admin/login/", token=token)
        if reply.status == 303:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
            self.get("/admin/")
        return reply


@pytest.fixture
def admin(index):
    browser = Browser(index)
    assert browser.log_in(index.token).status == 303
    return browser


@pytest.fixture
def project(index, tmp_path, request):
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    for version in ("1.0", "1.1"):
        assert index.upload(make_wheel(tmp_path, name, version)).status == 200
    return name


def test_nobody_is_inside_without_logging_in(index):
    for path in ("/admin/", "/admin/tokens/", "/admin/log/", "/admin/project/foo/"):
        reply = index.get(path)
        assert "Log in" in reply.text
        assert "form-key" not in reply.text
        assert reply.headers["cache-control"] == "no-store"


def test_a_wrong_token_lets_nobody_in(index):
    for token in ("", "wrong", "rewheel-" + "x" * 600):
        reply = Browser(index).log_in(token)
        assert reply.status == 403
        assert "set-cookie" not in reply.headers
        assert "This token is not valid" in reply.text


def test_the_cookie_is_for_our_pages_alone(index):
    cookie = Browser(index).log_in(index.token).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin/"} <= {part.strip() for part in cookie.split(";")}
    assert index.token not in cookie


CHANGES = [lambda c: c[:-1], lambda c: f"{c}0", lambda c: c.replace(".", "9.", 1), lambda c: ""]


@pytest.mark.parametrize("change", CHANGES)
def test_a_cookie_that_was_changed_lets_nobody_in(index, admin, change):
    name, _, value = admin.cookie.partition("=")
    admin.cookie = f"{name}={change(value)}"
    assert "Log in" in admin.get("/admin/").text


def test_a_form_from_elsewhere_does_nothing(index, admin, project):
    path = f"/admin/project/{project}/"
    archived = {"do": "status", "status": "archived"}
    for reply in (
        admin.post(path, form_key="", **archived),
        admin.post(path, form_key=Browser(index).key or "0" * 64, **archived),
        admin.post(path, {"Origin": "https://evil.example"}, **archived),
    ):
        assert reply.status == 403
    assert "archived." not in index.get(f"/project/{project}/").text
    assert (
        Browser(index).post("/admin/login/", {"Origin": "https://evil.example"}, token=index.token).status
        == 403
    )


def test_a_status_is_set_and_everybody_reads_why(index, admin, project):
    reply = admin.post(
        f"/admin/project/{project}/", do="status", status="deprecated", reason="use <b>bar</b>"
    )
    assert reply.status == 303
    assert "The status is changed." in admin.get(reply.headers["location"]).text
    page = Page(index.get(f"/project/{project}/").text)
    assert "This project is deprecated." in page.text
    assert "“use <b>bar</b>”" in page.text
    admin.post(f"/admin/project/{project}/", do="status", status="quarantined", reason="malware")
    page = Page(index.get(f"/project/{project}/").text)
    assert "Its files are not offered while it is quarantined." in page.text
    assert not [path for path in page.values("a", "href") if path.endswith(".whl")]


def test_limits_are_granted_and_refused_in_words(admin, project):
    path = f"/admin/project/{project}/"
    assert admin.post(path, do="limits", file_limit="500", quota="20000").status == 303
    assert "524.3 MB" in admin.get(path).text
    too_much = admin.post(path, do="limits", file_limit="5000", quota="")
    assert too_much.status == 400
    assert "No project can have files of more than" in too_much.text
    assert admin.post(path, do="limits", file_limit="lots", quota="").status == 400


def test_a_yanked_release_is_marked_and_passed_over(index, admin, project):
    path = f"/admin/project/{project}/"
    assert admin.post(path, do="yank", version="1.1", reason="broken").status == 303
    page = Page(index.get(f"/project/{project}/").text)
    assert page.text.startswith(f"{project} 1.0") or f"{project} 1.0 " in page.text
    yanked = Page(index.get(f"/project/{project}/1.1/").text)
    assert "This release was yanked." in yanked.text
    assert "“broken”" in yanked.text
    assert admin.post(path, do="unyank", version="1.1").status == 303
    assert "1.1" in Page(index.get(f"/project/{project}/").text).text[:200]


def test_roles_are_given_and_taken(index, admin, project):
    admin.post("/admin/tokens/", do="create", name="laptop", account="ada", may_upload="1")
    path = f"/admin/project/{project}/"
    assert admin.post(path, do="role", account="ada", role="maintainer").status == 303
    assert "ada" in admin.get(path).text
    assert "ada" in Page(index.get(f"/project/{project}/").text).text
    assert admin.post(path, do="remove-role", account="ada").status == 303
    for hostile in ("../admin", "a/b", "", "nobody"):
        assert admin.post(path, do="role", account=hostile, role="owner").status == 400
    assert admin.post(path, do="explode").status == 400


def test_a_new_token_is_shown_once_works_and_can_be_revoked(index, admin, tmp_path):
    made = admin.post(
        "/admin/tokens/", do="create", name="ci", account="ci", may_upload="1", projects="ci-tool", days="30"
    )
    secret = re.search(r'class="secret"[^>]*>(\S+?)<', made.text)[1]
    assert secret.startswith("rewheel-")
    assert index.upload(make_wheel(tmp_path, "ci-tool", "1.0"), token=secret).status == 200
    assert index.upload(make_wheel(tmp_path, "other-tool", "1.0"), token=secret).status == 403
    listed = admin.get("/admin/tokens/").text
    assert secret not in listed
    token_id = re.search(r'name="id" value="(\d+)">\s*<button[^>]*>Revoke ci<', listed)[1]
    own = Browser(index)
    assert own.log_in(secret).status == 303
    assert admin.post("/admin/tokens/", do="revoke", id=token_id).status == 303
    assert index.upload(make_wheel(tmp_path, "ci-tool", "1.1"), token=secret).status == 401
    assert "Log in" in own.get("/admin/").text


def test_everybody_sees_their_own_projects_and_tokens_alone(index, admin, project, tmp_path):
    made = admin.post(
        "/admin/tokens/", do="create", name="own", account="bob", may_read="1", may_upload="1", may_manage="1"
    )
    bob = Browser(index)
    bob.log_in(re.search(r'class="secret"[^>]*>(\S+?)<', made.text)[1])
    assert "You have no role in any project yet." in bob.get("/admin/").text
    assert bob.get(f"/admin/project/{project}/").status == 403
    assert bob.get("/admin/log/").status == 403
    assert "first start" not in bob.get("/admin/tokens/").text
    assert bob.post(f"/admin/project/{project}/", do="status", status="archived", reason="").status == 403


def test_the_log_says_who_changed_what(admin, project):
    admin.post(f"/admin/project/{project}/", do="status", status="archived", reason="<i>done</i>")
    text = unescape(admin.get(f"/admin/log/?project={project}").text)
    assert "project-status" in text
    assert "archived" in text
    assert "<i>done</i>" not in admin.get("/admin/log/").text
    assert admin.get("/admin/log/?before=x").status == 400


def test_no_link_can_put_words_on_a_page(admin):
    assert "Call" not in admin.get("/admin/?done=Call+us").text


def test_logging_out_forgets(index, admin):
    reply = admin.post("/admin/logout/")
    assert reply.status == 303
    assert "Max-Age=0" in reply.headers["set-cookie"]
