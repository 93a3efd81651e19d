from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.scenario.match_result import Matched, Mismatch
from conformance.scenario.matching import match
from conformance.scenario.template import (
    MAX_TEXT,
    TemplateError,
    holding,
    look_up,
    plain,
    references,
    render,
    substitute,
)

NAMES: dict[str, Any] = {
    "alice": "0b9c",
    "count": 5,
    "flag": True,
    "nothing": None,
    "list": [1, "two"],
    "thing": {"a": 1},
    "tricky": "$${alice} ${alice} {$fill: 1}",
    "limits.content_max": 4,
}


def rendered(value: Any, names: dict[str, Any] = NAMES) -> Any:
    return render(value, names.__getitem__, lambda _, items: items[::-1])


def mistake(value: Any) -> str:
    with pytest.raises(TemplateError) as raised:
        rendered(value)
    return str(raised.value)


class TestReferences:
    @pytest.mark.parametrize("name", NAMES)
    def test_that_are_the_whole_text_keep_the_type(self, name: str) -> None:
        assert rendered(f"${{{name}}}") is NAMES[name]

    @pytest.mark.parametrize(
        ("text", "result"),
        [
            ("for ${alice}", "for 0b9c"),
            ("${alice}${count}", "0b9c5"),
            ("${count} ${flag} ${nothing} ${list} ${thing}", '5 true null [1, "two"] {"a": 1}'),
            ("no reference", "no reference"),
            ("$alice {alice} ${alice", "$alice {alice} ${alice"),
            ("$${alice}", "${alice}"),
            ("$${", "${"),
            ("a $${alice} ${alice}", "a ${alice} 0b9c"),
            ("$$${alice}", "$${alice}"),
            ("$5", "$5"),
            ("", ""),
        ],
    )
    def test_inside_a_text_become_text(self, text: str, result: str) -> None:
        assert rendered(text) == result

    def test_are_replaced_in_keys_and_at_any_depth(self) -> None:
        value = {"${alice}": [{"x": "${count}"}], "n${count}": {"${count}": 1}}
        assert rendered(value) == {"0b9c": [{"x": 5}], "n5": {"5": 1}}

    def test_are_replaced_once_so_that_what_a_server_sent_stays_as_it_is(self) -> None:
        assert rendered(["${tricky}", "<${tricky}>"]) == [NAMES["tricky"], f"<{NAMES['tricky']}>"]

    def test_leave_other_values_alone(self) -> None:
        assert rendered([1, 1.5, True, None, {}]) == [1, 1.5, True, None, {}]

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("${bob}", "nothing here is called ${bob}"),
            ("hello ${bob}", "nothing here is called ${bob}"),
            ("${}", "nothing here is called ${}"),
            ({"a": ["${bob}"]}, "nothing here is called ${bob}"),
            ({"${list}": 1}, "the key ${list} has a list or a mapping as its value; a key is text"),
            ({"${count}": 1, "5": 2}, "of the keys ${count}, 5 two are the same"),
        ],
    )
    def test_to_nothing_are_mistakes(self, value: Any, message: str) -> None:
        assert mistake(value) == message


class TestGeneratedValues:
    @pytest.mark.parametrize(
        ("value", "result"),
        [
            ({"$fill": {"text": "ab", "times": 2}}, "abab"),
            ({"$fill": {"text": "é", "times": "${limits.content_max}", "plus": 1}}, "ééééé"),
            ({"$fill": {"text": "a", "times": 3, "plus": -3}}, ""),
            ({"$fill": {"text": {"$fill": {"text": "a", "times": 2}}, "times": 2}}, "aaaa"),
            ({"$fill": {"text": "", "times": 10**12}}, ""),
            ({"$concat": []}, ""),
            ({"$concat": ["a", "${count}", "${nothing}", {"$fill": {"text": "b", "times": 2}}]}, "a5nullbb"),
            ({"$chronological": {"history": [1, {"$concat": ["a", "b"]}, 3]}}, [3, "ab", 1]),
            ({"a": [{"b": {"$concat": ["c"]}}]}, {"a": [{"b": "c"}]}),
        ],
    )
    def test_stand_for(self, value: Any, result: Any) -> None:
        assert rendered(value) == result

    @pytest.mark.parametrize("offset", [0, -60, 3600.5])
    def test_are_the_given_seconds_from_now(self, offset: float) -> None:
        before = time.time()
        number, text = rendered([{"$now": offset}, {"$instant": offset}])
        assert type(number) is int
        assert before + offset - 1 <= number <= time.time() + offset
        assert text.endswith("Z")
        assert abs(datetime.fromisoformat(text).timestamp() - before - offset) < 5
        assert datetime.fromisoformat(text).utcoffset() == UTC.utcoffset(None)

    @pytest.mark.parametrize(("zone", "minutes"), [("+05:45", 345), ("-08:00", -480), ("-00:00", 0), ("Z", 0)])
    def test_are_the_same_instant_in_another_zone(self, zone: str, minutes: int) -> None:
        before = time.time()
        text = rendered({"$instant": {"seconds": -60, "zone": zone, "digits": 6}})
        moment = datetime.fromisoformat(text)
        assert text.endswith(zone)
        assert moment.utcoffset() == timedelta(minutes=minutes)
        assert abs(moment.timestamp() - before + 60) < 5

    @pytest.mark.parametrize(("digits", "form"), [(0, r":\d\dZ"), (1, r":\d\d\.\dZ"), (9, r":\d\d\.\d{6}000Z")])
    def test_have_as_many_digits_as_are_asked_for(self, digits: int, form: str) -> None:
        assert re.search(f"{form}$", rendered({"$instant": {"seconds": 0, "digits": digits}}))

    def test_are_nothing_special_beside_another_key(self) -> None:
        assert rendered({"$now": 0, "a": 1}) == {"$now": 0, "a": 1}

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ({"$fill": "a"}, "$fill takes {text: …, times: n, plus: n}"),
            ({"$fill": {"text": "a"}}, "$fill takes {text: …, times: n, plus: n}"),
            ({"$fill": {"text": "a", "times": 1, "minus": 1}}, "$fill takes {text: …, times: n, plus: n}"),
            ({"$fill": {"text": 1, "times": 1}}, "$fill takes a text and whole numbers"),
            ({"$fill": {"text": "a", "times": 1.5}}, "$fill takes a text and whole numbers"),
            ({"$fill": {"text": "a", "times": True}}, "$fill takes a text and whole numbers"),
            ({"$fill": {"text": "a", "times": 1, "plus": "1"}}, "$fill takes a text and whole numbers"),
            (
                {"$fill": {"text": "a", "times": 1, "plus": -2}},
                "$fill makes texts of 0 to 167,772,160 characters, not -1",
            ),
            (
                {"$fill": {"text": "ab", "times": 1 << 40}},
                "$fill makes texts of 0 to 167,772,160 characters, not 2,199,023,255,552",
            ),
            ({"$concat": "a"}, "$concat takes a list of texts"),
            ({"$concat": ["a", ["b"]]}, "$concat joins texts, not lists or mappings"),
            (
                {"$concat": [{"$fill": {"text": "a", "times": MAX_TEXT}}, "b"]},
                "$concat makes texts of 0 to 167,772,160 characters, not 167,772,161",
            ),
            ({"$now": "soon"}, "$now takes a number of seconds from now"),
            ({"$now": True}, "$now takes a number of seconds from now"),
            ({"$now": float("nan")}, "$now takes a number of seconds from now"),
            ({"$instant": 1e11}, "$instant takes a number of seconds from now"),
            ({"$instant": {"zone": "Z"}}, "$instant takes a number of seconds from now"),
            *(
                ({"$instant": one}, '$instant takes seconds from now, or {seconds: n, zone: "+02:00", digits: 0 to 9}')
                for one in ({"seconds": 0, "zone": "CET"}, {"seconds": 0, "digits": 10}, {"seconds": 0, "in": "UTC"})
            ),
            ({"$chronological": [1]}, "$chronological takes {name of the order: [oldest, …, newest]}"),
            ({"$chronological": {"a": [], "b": []}}, "$chronological takes {name of the order: [oldest, …, newest]}"),
            ({"$chronological": {"history": "x"}}, "$chronological takes a list, oldest first"),
            ({"$concat": ["${bob}"]}, "nothing here is called ${bob}"),
        ],
    )
    def test_written_wrongly_are_mistakes(self, value: Any, message: str) -> None:
        assert mistake(value) == message

    @pytest.mark.parametrize("times", [0, 1, MAX_TEXT])
    def test_fill_up_to_a_bound(self, times: int) -> None:
        assert len(rendered({"$fill": {"text": "x", "times": times}})) == times


class TestLiteral:
    VALUE: ClassVar = {"$literal": {"a": "${alice} $${", "b": [{"$now": 0}, {"$fill": 1}]}}

    def test_is_left_alone_by_both_replacements(self) -> None:
        assert rendered({"x": [self.VALUE]}) == {"x": [self.VALUE]}
        assert substitute({"x": [self.VALUE]}, NAMES.__getitem__) == {"x": [self.VALUE]}

    def test_refers_to_nothing(self) -> None:
        assert references(["${bob}", self.VALUE]) == {"bob"}

    def test_goes_to_the_wire_as_what_it_holds(self) -> None:
        assert plain({"x": [self.VALUE, 1]}) == {"x": [self.VALUE["$literal"], 1]}


class TestSubstitute:
    def test_leaves_what_it_cannot_resolve_for_later(self) -> None:
        value = {"a": "${alice}, ${bob}, $${alice}", "b": "${bob}", "${bob}": [None]}
        assert substitute(value, NAMES.__getitem__) == {**value, "a": "0b9c, ${bob}, $${alice}"}

    def test_looks_only_where_it_is_told_to(self) -> None:
        value = {"a": {"b": [1, "${bob}", {}]}, "c": ["${alice}", {"${alice}": [1]}], "d": "${alice}"}
        found = substitute(value, NAMES.__getitem__, holding(value, "${alice"))
        assert found["a"] is value["a"]
        assert found == {"a": value["a"], "c": ["0b9c", {"0b9c": [1]}], "d": "0b9c"}
        assert value["c"][0] == "${alice}"

    def test_may_put_whole_parts_in(self) -> None:
        assert substitute({"steps": "${list}", "with": "${thing}"}, NAMES.__getitem__) == {
            "steps": [1, "two"],
            "with": {"a": 1},
        }


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("${a} and ${b.c}", {"a", "b.c"}),
        ("$${a}", set()),
        ({"${a}": ["${b}", {"c": "${d}"}]}, {"a", "b", "d"}),
        ([1, None, True], set()),
        ({"$literal": "${a}", "b": "${c}"}, {"a", "c"}),
    ],
)
def test_references_are_collected(value: Any, names: set[str]) -> None:
    assert references(value) == names


class TestLookUp:
    NAMES: ClassVar = {"a": 1, "b": {"c": 2, "count": 3}, "seen": [1, 2, 3], "d.e": 4, "limits.max": 5}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("a", 1), ("b.c", 2), ("b.count", 3), ("seen.count", 3), ("d.e", 4), ("limits.max", 5), ("seen", [1, 2, 3])],
    )
    def test_finds(self, name: str, value: Any) -> None:
        assert look_up(self.NAMES, name) == value

    @pytest.mark.parametrize("name", ["", "x", "a.b", "b.d", "seen.0", "seen.length", "x.count", "a.count", ".", "b."])
    def test_finds_nothing(self, name: str) -> None:
        with pytest.raises(KeyError):
            look_up(self.NAMES, name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("${}ab.", max_size=12),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text("${}ab", max_size=4), inner)
        | st.dictionaries(
            st.sampled_from(["$fill", "$concat", "$now", "$instant", "$chronological"]), inner, max_size=1
        )
    ),
    max_leaves=10,
)


@given(value=json_values)
def test_any_value_is_rendered_or_called_a_mistake(value: Any) -> None:
    try:
        rendered(value, {"a": "text", "b": [1], "a.b": {}})
    except TemplateError as error:
        message = str(error)
    else:
        message = "fine"
    assert "\n" not in message


class TestCaptured:
    """What a server sent means itself, in a pattern as on the wire."""

    SENT = (
        {"$match": ".*"},
        {"a": {"$type": "string"}, "b": 1},
        [{"$any": []}, 2],
        {"$literal": {"$match": "x"}},
        {"$literal": 1, "$capture": "x"},
        {"$fill": {"text": "a", "times": 5}},
        {"$nonsense": 1},
    )

    @pytest.mark.parametrize("sent", SENT)
    def test_is_no_pattern(self, sent: Any) -> None:
        pattern = rendered({"thing": "${sent}"}, {"sent": sent})
        assert isinstance(match(pattern, {"thing": sent}), Matched)
        assert isinstance(match(pattern, {"thing": "some text"}), Mismatch)

    @pytest.mark.parametrize("sent", SENT)
    def test_goes_to_the_wire_as_it_came(self, sent: Any) -> None:
        assert plain(rendered({"thing": ["${sent}"]}, {"sent": sent})) == {"thing": [sent]}

    def test_stays_a_subset_where_it_has_no_such_word(self) -> None:
        pattern = rendered("${sent}", {"sent": {"a": 1}})
        assert isinstance(match(pattern, {"a": 1, "b": 2}), Matched)

    def test_may_be_nested_deeply(self) -> None:
        sent: Any = {"$match": ".*"}
        for _ in range(5000):
            sent = [sent]
        assert rendered("${sent}", {"sent": sent}) == {"$literal": sent}
