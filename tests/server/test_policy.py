import pytest

from greenbot.server.exchange import Reply, Request
from greenbot.server.policy import Policy, Route, Routes


def answer(request: Request) -> Reply:
    return Reply()


def test_a_route_that_does_not_say_who_may_use_it_stops_the_start() -> None:
    with pytest.raises(TypeError, match="policy"):
        Route(method="GET", path="/new", handler=answer)  # type: ignore[call-arg]  # this is the mistake
    with pytest.raises(ValueError, match="does not say who"):
        Routes().add(Route(method="GET", path="/new", policy=None, handler=answer))  # type: ignore[arg-type]  # as above
    with pytest.raises(ValueError, match="does not say who"):
        Routes().add(Route(method="GET", path="/new", policy="open", handler=answer))  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("method, path", [("TRACE", "/new"), ("PATCH", "/new"), ("get", "/new"), ("GET", "new")])
def test_only_the_four_methods_on_a_path_make_a_route(method: str, path: str) -> None:
    with pytest.raises(ValueError, match="no route"):
        Routes().add(Route(method=method, path=path, policy=Policy.OPEN, handler=answer))


def test_a_route_is_registered_once() -> None:
    routes = Routes()
    for path in ("/a", "/a/{name}"):
        routes.add(Route(method="GET", path=path, policy=Policy.OPEN, handler=answer))
        with pytest.raises(ValueError, match="already"):
            routes.add(Route(method="GET", path=path, policy=Policy.ADMIN, handler=answer))


def test_a_parameter_is_one_segment_and_a_dot_is_a_dot() -> None:
    routes = Routes()
    route = Route(method="GET", path="/v1.0/{name}/x", policy=Policy.OPEN, handler=answer)
    routes.add(route)
    assert routes.find("GET", "/v1.0/kyiv/x") == (route, {"name": "kyiv"})
    for path in ("/v1a0/kyiv/x", "/v1.0//x", "/v1.0/a/b/x", "/v1.0/kyiv/x\n"):
        assert isinstance(routes.find("GET", path), Reply)
