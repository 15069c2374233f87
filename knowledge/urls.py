"""Addresses of the help pages."""

from django.urls import path

from knowledge import views

urlpatterns = [path("", views.articles, name="articles"), path("<slug:slug>/", views.article, name="article")]
