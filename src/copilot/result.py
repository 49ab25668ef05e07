"""What handlers return: frozen pydantic models that open with one sentence for people."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

__all__ = ["Field", "Item", "Result", "SerializeAsAny"]


class Item(BaseModel):
    """A row or a part of a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(Item):
    """What an ability returns. `headline` is the sentence a person reads first; the fields are the data."""

    @property
    def headline(self) -> str:
        """Say in one sentence what was done or found."""
        raise NotImplementedError(type(self).__name__)

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What a person is likely to type next, as utterances or commands."""
        return ()

    @property
    def on_yes(self) -> tuple[str, dict[str, Any]] | None:
        """The ability, with arguments, that a yes to what is shown asks for; it is planned and confirmed like any other."""
        return None

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")
