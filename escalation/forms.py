"""Forms of escalation; each view turns a valid one into one verb."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from escalation.models import Level, Trigger
from tickets.forms_desk import offer
from tickets.models import SAID_BY_PEOPLE


class EscalateForm(forms.Form):
    """Why, in a person's own words too, and to whom; the next level above is suggested."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"), widget=forms.RadioSelect)
    why = forms.CharField(
        label=gettext_lazy("What they need to know"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Stands in the ticket as the reason; the customer does not see it."),
    )  # fmt: skip
    level = forms.TypedChoiceField(label=gettext_lazy("To"), coerce=int, required=False, empty_value=None)

    def __init__(
        self, *args: Any, levels: Iterable[Level], here: int, triggers: Iterable[Trigger], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        in_force = {trigger.kind for trigger in triggers}
        # A desk that set up none takes any; one that did takes those.
        kinds = [kind for kind in SAID_BY_PEOPLE if kind in in_force] or list(SAID_BY_PEOPLE)
        offer(self, "reason", [(kind.value, str(kind.label).capitalize()) for kind in kinds])
        above = [level for level in levels if level.rank > here] or list(levels)[-1:]
        offer(self, "level", [(level.pk, level.name) for level in above])
        self.fields["level"].required = bool(above)


class NoteForm(forms.Form):
    note = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    back = forms.CharField(widget=forms.HiddenInput, required=False, max_length=10)

    def __init__(self, *args: Any, label: str, is_required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label, self.fields["note"].required = label, is_required
