from __future__ import annotations

import pytest

from reference_server.folding import fold, like_pattern


class TestFold:
    @pytest.mark.parametrize(
        ("one", "other"),
        [("É", "é"), ("É", "e\u0301"), ("Σ", "ς"), ("ß", "SS"), ("ﬁ", "FI"), ("Å", "å"), ("ＡＢ", "ab")],
    )
    def test_brings_the_same_text_together(self, one: str, other: str):
        assert fold(one) == fold(other)

    def test_keeps_different_text_apart(self):
        assert len({fold(text) for text in ("e", "é", "è", "ı", "l")}) == 5


class TestLikePattern:
    def test_makes_every_character_literal(self):
        assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"
