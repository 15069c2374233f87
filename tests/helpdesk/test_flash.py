"""What is said for the next page: the newest words, however many were never read."""

from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpResponse
from django.test import RequestFactory

from helpdesk.lib.flash import MOST, NewestInCookie


def said(request):
    return [message.message for message in NewestInCookie(request)]


def test_only_the_newest_are_kept():
    request = RequestFactory().get("/")
    for number in range(MOST + 3):
        storage, response = NewestInCookie(request), HttpResponse()
        storage.add(constants.SUCCESS, f"Sent: #{number}")
        storage.update(response)
        request.COOKIES = {name: morsel.value for name, morsel in response.cookies.items()}
    assert said(request) == [f"Sent: #{number}" for number in range(3, MOST + 3)]


def test_a_changed_cookie_says_nothing():
    request, response = RequestFactory().get("/"), HttpResponse()
    storage = NewestInCookie(request)
    storage._store([Message(constants.INFO, "Hello")], response)
    request.COOKIES = {name: morsel.value + "x" for name, morsel in response.cookies.items()}
    assert said(request) == []
