from dataclasses import dataclass, field

from greenbot.server.crowd import Crowd
from greenbot.server.limits import Limits

FEW = Limits(connections=3, strangers_of_one_address=2, large_bodies_bytes=100)


@dataclass(eq=False)
class Guest:
    counted_as: str = ""
    deadline: float = 10.0
    fate: list[str] = field(default_factory=list)

    def expire(self) -> None:
        self.fate.append("expired")

    def give_way(self) -> None:
        self.fate.append("sent away")

    def leave(self) -> None:
        self.fate.append("left")


def test_when_it_is_full_the_oldest_stranger_makes_room() -> None:
    crowd = Crowd(FEW)
    first, known, second, late = (Guest() for _ in range(4))
    for guest in (known, first, second):
        assert crowd.enter(guest)
    crowd.recognise(known)
    assert crowd.enter(late)
    assert (first.fate, known.fate, second.fate) == (["sent away"], [], [])
    assert len(crowd) == 3


def test_who_showed_a_credential_is_never_sent_away_for_a_stranger() -> None:
    crowd = Crowd(FEW)
    known = [Guest() for _ in range(3)]
    for guest in known:
        crowd.enter(guest)
        crowd.recognise(guest)
    assert not crowd.enter(Guest())
    assert all(not guest.fate for guest in known)
    crowd.leave(known[0])
    crowd.leave(known[0])
    assert crowd.enter(Guest())


def test_who_got_his_last_answer_makes_room_too() -> None:
    crowd = Crowd(FEW)
    known = [Guest() for _ in range(3)]
    for guest in known:
        crowd.enter(guest)
        crowd.recognise(guest)
    crowd.dismiss(known[1])
    assert crowd.enter(Guest())
    assert [guest.fate for guest in known] == [[], ["sent away"], []]


def test_one_address_has_few_strangers() -> None:
    crowd = Crowd(FEW)
    first, second, third, other = (Guest(counted_as=name) for name in ("a", "a", "a", "b"))
    for guest in (other, first, second):
        crowd.enter(guest)
    crowd.recognise(first)
    crowd.leave(other)
    assert crowd.enter(third)
    assert [guest.fate for guest in (first, second, third)] == [[], [], []]
    crowd.leave(first)
    assert crowd.enter(Guest(counted_as="a"))
    assert second.fate == ["sent away"]


def test_only_those_whose_time_is_up_expire() -> None:
    crowd = Crowd(FEW)
    early, late = Guest(deadline=1.0), Guest(deadline=2.0)
    crowd.enter(early)
    crowd.enter(late)
    crowd.sweep(1.0)
    assert (early.fate, late.fate) == (["expired"], [])


def test_large_bodies_share_their_room() -> None:
    crowd = Crowd(FEW)
    assert crowd.reserve(60)
    assert not crowd.reserve(60)
    crowd.release(60)
    assert crowd.reserve(100)
