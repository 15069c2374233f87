"""Addresses of one's own account."""

from django.urls import path

from tickets.views import accounts, api_tokens

urlpatterns = [
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("after-sign-in/", accounts.after_sign_in, name="after_sign_in"),
    path("password/", accounts.password_reset, name="password_reset"),
    path("password/change/", accounts.password_change, name="password_change"),
    path("password/<uidb64>/<token>/", accounts.NewPassword.as_view(), name="password_reset_confirm"),
    path("preferences/", accounts.preferences, name="preferences"),
    path("preferences/tokens/", api_tokens.api_tokens, name="api_tokens"),
    path("preferences/tokens/<int:pk>/revocation/", api_tokens.api_token_revocation, name="api_token_revocation"),
]
