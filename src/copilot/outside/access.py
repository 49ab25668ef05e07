"""Who may do what with an agent: its owner, and the users to whom an owner gave a role."""

import json
from dataclasses import dataclass
from typing import Literal, get_args

from copilot.errors import BadArguments, NotFound, Refused
from copilot.outside.store import Store, Thing

Role = Literal["viewer", "user", "editor", "owner"]
"""viewer: look at it. user: ask it too. editor: change what it says too. owner: everything, as the one who made it."""
RANKS: tuple[Role, ...] = get_args(Role)
LISTING = "See: copilot agents list"


@dataclass(frozen=True)
class Reached:
    """An agent that a user may use.

    Args:
        store: The workspace it lives in, which is its owner's.
        role: What the user may do with it.
        mine: Whether it is the user's own.
    """

    store: Store
    thing: Thing
    role: Role
    mine: bool

    @property
    def name(self) -> str:
        """What the user calls it: another's agent is `OWNER/NAME`."""
        return self.thing.name if self.mine else f"{self.store.owner}/{self.thing.name}"

    def allows(self, role: Role) -> bool:
        return RANKS.index(self.role) >= RANKS.index(role)

    def require(self, role: Role, deed: str) -> "Reached":
        """Raise Refused when the user's role does not reach that far."""
        if not self.allows(role):
            raise Refused(
                f"You are {self.role} of {self.name}; to {deed} it takes {role}.", f"Ask {self.store.owner} for the role, or do without."
            )
        return self


def reach(store: Store, name: str) -> Reached:
    """Find an agent by its name: one's own first, then those of others that one was given a role on.

    Raises:
        NotFound: there is none that this user may know of.
        BadArguments: several others share one of that name.
    """
    if own := store.find("agent", name):
        return Reached(store, own, "owner", mine=True)
    shared = reached(store)
    found = [agent for agent in shared if name.lower() in (agent.name.lower(), agent.thing.name.lower())]
    if len(found) > 1:
        raise BadArguments(f"Several agents are called '{name}'.", f"Say whose: {' or '.join(agent.name for agent in found)}")
    if not found:
        raise NotFound.named("agent", name, [*store.names("agent"), *(agent.name for agent in shared)], LISTING)
    return found[0]


def own(store: Store, name: str) -> Thing:
    """Find an agent of the user's own, for what is not shared with an agent: its benchmarks and deployments.

    Raises:
        Refused: it is another's, whom the user knows.
        NotFound: there is none.
    """
    theirs = [agent for agent in reached(store) if name.lower() in (agent.name.lower(), agent.thing.name.lower())]
    if theirs and not store.find("agent", name):
        raise Refused(f"{theirs[0].name} is {theirs[0].store.owner}'s: only who made an agent tests and deploys it.", LISTING)
    return store.get("agent", name)


def reached(store: Store) -> list[Reached]:
    """Return the agents of others that this user was given a role on, by owner and name."""
    sql = """SELECT t.owner, t.name, e.value AS role FROM things t, json_each(t.body) e
        WHERE t.kind = 'access' AND e.key = ? AND t.owner <> ? ORDER BY t.owner, t.name"""
    found = []
    for row in store.rows(sql, store.owner, store.owner):
        theirs = store.seen_by(row["owner"])
        if thing := theirs.find("agent", row["name"]):
            found.append(Reached(theirs, thing, row["role"], mine=False))
    return found


def roles(agent: Reached) -> dict[str, Role]:
    """Return the roles that were given on an agent, by user."""
    known = agent.store.find("access", agent.thing.name)
    return dict(known.body) if known else {}


def grant(agent: Reached, user: str, role: Role, operation: str) -> Role | None:
    """Give a user a role; return the one they had.

    Raises:
        Refused: the user is the one who made the agent.
        BadArguments: that is no name of a user.
    """
    _check_user(agent, user)
    given = roles(agent)
    agent.store.put("access", agent.thing.name, {**given, user: role}, operation)
    return given.get(user)


def revoke(agent: Reached, user: str, operation: str) -> Role:
    """Take a user's role away and return it; raise NotFound when they have none."""
    _check_user(agent, user)
    given = roles(agent)
    if user not in given:
        raise NotFound.named(f"user of {agent.name}", user, given, f"See who has access: copilot agents show {agent.name}")
    agent.store.put("access", agent.thing.name, {u: r for u, r in given.items() if u != user}, operation)
    return given[user]


def changed_for_others(store: Store, operation: str) -> list[tuple[str, str]]:
    """Return owner and name of the agents of others that an operation of this user changed."""
    sql = "SELECT DISTINCT owner, name FROM versions WHERE operation = ? AND owner <> ? AND kind IN ('agent', 'access')"
    return [(row["owner"], row["name"]) for row in store.rows(sql, operation, store.owner)]


def _check_user(agent: Reached, user: str) -> None:
    if not user.strip() or len(user) > 200 or not user.isprintable() or "/" in user:
        raise BadArguments(f"{json.dumps(user[:80])} is no user.", "Give a user name or an e-mail address.")
    if user == agent.store.owner:
        raise Refused(f"{agent.name} belongs to {agent.store.owner}, whose access stays.", "Name another user.")
