"""Signing in and out, a forgotten or new password, and one's own preferences."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone, translation
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from helpdesk.lib.http import client_address
from tickets import customers, notices, throttle
from tickets.errors import Throttled
from tickets.forms.account import ForgottenForm, NewPasswordForm, PreferencesForm, SignInForm
from tickets.models import Customer, User
from tickets.permissions import DeskRequest
from tickets.views.portal import portal_page
from tickets.views.shell import desk_page

# Wrong passwords until a pause: for one account from one place, for a place whatever the account, and for an account
# from everywhere, which is the loosest, or anybody could lock anybody out.
QUARTER_HOUR = timedelta(minutes=15)
TRIES_HERE, TRIES_PLACE, TRIES_ACCOUNT = 8, 60, 200
RESETS_PER_HOUR = 5
YEAR = 365 * 24 * 60 * 60


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Email and password; too many wrong ones make everybody wait alike, whether or not the account exists."""
    if request.user.is_authenticated and request.method == "GET":
        return redirect("after_sign_in")
    if request.method == "GET":
        return _sign_in_page(request, SignInForm(request))
    form = SignInForm(request, data=request.POST)
    email = str(SignInForm.base_fields["username"].to_python(request.POST.get("username", "")))
    place = client_address(request)
    here = f"sign-in:{email}:{place}"
    try:
        throttle.hit(here, limit=TRIES_HERE, per=QUARTER_HOUR)
        throttle.hit(f"sign-in-place:{place}", limit=TRIES_PLACE, per=QUARTER_HOUR)
        throttle.hit(f"sign-in-account:{email}", limit=TRIES_ACCOUNT, per=QUARTER_HOUR)
    except Throttled as refusal:
        response = _sign_in_page(request, SignInForm(request), why=refusal.message, email=email, status=429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    if not form.is_valid():
        return _sign_in_page(request, form, status=422)
    user = form.get_user()
    throttle.forgive(here)
    login(request, user)
    if not user.is_desk_staff:
        customers.of_user(user, now=timezone.now())
    response = redirect(_way_on(request) or reverse("after_sign_in"))
    _remember_theme(response, user)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_GET
@login_required
def after_sign_in(request: HttpRequest) -> HttpResponse:
    """Staff to their desk, customers to their requests."""
    return redirect("queue" if _me(request).is_desk_staff else "my_requests")


@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """Mail a link to choose a new password; the answer is the same whether or not there is such an account."""
    form = ForgottenForm(request.POST or None)
    if request.method == "GET":
        return render(request, "accounts/forgotten.html", {"form": ForgottenForm()})
    if not form.is_valid():
        return render(request, "accounts/forgotten.html", {"form": form}, status=422)
    email = form.cleaned_data["email"]
    try:
        throttle.hit(
            f"reset:{client_address(request)}", f"reset:{email}", limit=RESETS_PER_HOUR, per=timedelta(hours=1)
        )
    except Throttled as refusal:
        form.add_error(None, refusal.message)
        response = render(request, "accounts/forgotten.html", {"form": form}, status=429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    _mail_reset(email)
    return render(request, "accounts/forgotten_sent.html", {"email": email})


class NewPassword(PasswordResetConfirmView):
    """Choose a new password by the mailed link; opening it changes nothing, so a mail scanner may."""

    template_name = "accounts/new_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("sign_in")

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        messages.success(self.request, _("Your new password is set. Sign in with it."))
        return super().form_valid(form)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@login_required
def password_change(request: HttpRequest) -> HttpResponse:
    """A new password for who is signed in; other devices are signed out."""
    form = PasswordChangeForm(_me(request), request.POST or None)
    if request.method == "POST":
        try:
            throttle.hit(f"password-change:{request.user.pk}", limit=TRIES_HERE, per=QUARTER_HOUR)
        except Throttled as refusal:
            messages.error(request, refusal.message)
            return redirect("password_change")
        if form.is_valid():
            form.save()
            update_session_auth_hash(request, form.user)
            messages.success(request, _("Your new password is set. Other devices are signed out."))
            return redirect("preferences")
    return render(request, "accounts/change_password.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: DeskRequest) -> HttpResponse:
    """Language, time zone, colours, and for staff how the desk behaves."""
    form = PreferencesForm(request.POST or None, instance=_copy(_me(request)), languages=_languages())
    if request.method == "GET" or not form.is_valid():
        return _preferences_page(request, form)
    user = form.instance
    with transaction.atomic():
        user.save(update_fields=list(form.fields))
        Customer.objects.filter(user=user).update(language=user.language, time_zone=user.time_zone)
    translation.activate(user.language)
    messages.success(request, _("Saved."))
    response = redirect("preferences")
    _remember_theme(response, user)
    return response


def _me(request: HttpRequest) -> User:
    """Who is signed in, behind `login_required`."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("A page for signed-in people was opened by a stranger.")
    return user


def _sign_in_page(
    request: HttpRequest, form: SignInForm, *, why: str = "", email: str = "", status: int = 200
) -> HttpResponse:
    if email:
        form.initial["username"] = email
    context = {"form": form, "why": why, "next": _way_on(request), "is_demo": settings.DEMO}
    return render(request, "accounts/sign_in.html", context, status=status)


def _way_on(request: HttpRequest) -> str:
    """Where they wanted to go, if that is on this site; else nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_here and wanted.startswith("/") else ""


def _mail_reset(email: str) -> None:
    user = User.objects.filter(email=email, is_active=True, is_bot=False).first()
    if user is None:
        # As much work as for a known address, so that time does not tell them apart.
        throttle.tally("reset:nobody", per=timedelta(hours=1))
        return
    with transaction.atomic():
        notices.to_address(
            user.email, "password_reset", key=f"password-reset:{get_random_string(22)}", now=timezone.now(),
            language=user.language, user=user,
        )  # fmt: skip


def _preferences_page(request: DeskRequest, form: PreferencesForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form}
    status = 422 if form.errors else 200
    if _me(request).is_desk_staff:
        return desk_page(request, "accounts/preferences_staff.html", context, status=status)
    return portal_page(request, "preferences", context, status=status)


def _languages() -> list[tuple[str, str]]:
    """Each language by its own name."""
    codes = [code for code, _name in settings.LANGUAGES]
    return [(code, translation.get_language_info(code)["name_local"].capitalize()) for code in codes]


def _copy(user: User) -> User:
    """A row of its own for the form, so that a refused form leaves the page's own user as they are."""
    return User.objects.get(pk=user.pk)


def _remember_theme(response: HttpResponse, user: User) -> None:
    """The page's colours stand in a cookie, so that the server writes them into the page and nothing flashes."""
    response.set_cookie("theme", user.theme, max_age=YEAR, samesite="Lax", secure=settings.HTTPS)
