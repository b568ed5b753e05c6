"""The tokenizer: nothing is lost, nothing is unknown, and every word knows its pieces."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.config import UserError
from seq2seq.model import BEGIN, END, PAD
from seq2seq.tokenizer import WORD, Tokenizer, normal, words

czech = st.text("Kluk ráda, učí-se’. \u0301\u00a0", max_size=40)
awkward = st.sampled_from(["▁", "<s>", "</s>", "<pad>", "<0x41>", "\ufffd", "\ufeff", "👩‍👩‍👧", "\u202e", "\x00"])
text = st.lists(st.one_of(st.text(max_size=20), czech, awkward), max_size=5).map("".join)


@given(text)
def test_decoding_gives_back_the_normal_text(tokenizer, text):
    pieces = tokenizer.encode(text)
    assert tokenizer.decode(pieces) == normal(text)
    assert not {PAD, BEGIN, END, 3} & set(pieces), "3 is the unknown piece"


@given(text)
def test_normal_text_is_clean_and_stays_as_it_is(text):
    clean = normal(text)
    assert normal(clean) == clean == unicodedata.normalize("NFC", clean).strip()
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in clean) and "  " not in clean
    clean.encode()


@given(text)
def test_every_word_is_spelt_by_its_pieces(tokenizer, text):
    pieces = tokenizer.encode(text)
    found = tokenizer.align(pieces)
    spelt = normal(text)
    assert [(word.text, word.start, word.end) for word in found] == [
        (match[0], match.start(), match.end()) for match in WORD.finditer(spelt)
    ]
    for word in found:
        assert 0 <= word.first <= word.last < len(pieces)
        assert word.text in tokenizer.decode(pieces[word.first : word.last + 1])
        assert word.text not in tokenizer.decode(pieces[word.first : word.last]) or word.text == "\ufffd"
    for one, following in pairwise(found):
        assert one.first <= following.first and one.last <= following.last


@given(st.lists(st.integers(0, 299), max_size=12))
def test_any_pieces_spell_something(tokenizer, pieces):
    """Whatever a model says can be shown: half a character, a control piece."""
    assert normal(tokenizer.decode(pieces)) == tokenizer.decode(pieces)
    assert all(0 <= word.first <= word.last < len(pieces) for word in tokenizer.align(pieces))


def test_words_and_signs_of_a_sentence(tokenizer):
    sentence = "Jsem kluk, který se rád učí."
    pieces = tokenizer.encode(sentence)
    found = tokenizer.align(pieces)
    assert [word.text for word in found] == ["Jsem", "kluk", ",", "který", "se", "rád", "učí", "."]
    assert all(sentence[word.start : word.end] == word.text for word in found)
    assert found[0].first == 0 and found[-1].last == len(pieces) - 1
    assert words(["He's well-read, he is."]) == [",", ".", "he", "he's", "is", "well-read"]


def test_nothing_to_say_is_no_piece(tokenizer):
    assert tokenizer.encode(" \t\n\u2028") == [] and tokenizer.decode([]) == "" and tokenizer.align([]) == []


def test_the_same_text_makes_the_same_tokenizer(pairs):
    one, other = (Tokenizer.train((pair.target for pair in pairs), 300) for _ in range(2))
    assert one.proto == other.proto


def test_a_vocabulary_too_small_for_the_characters_is_refused_with_the_number():
    sentences = [chr(0x3400 + n) + " a" for n in range(200)]
    with pytest.raises(UserError, match=r"--vocabulary 300 is too small for this text: give (\d+) or more") as refused:
        Tokenizer.train(sentences, 300)
    needed = int(str(refused.value).split("give ")[1].split()[0])
    assert len(Tokenizer.train(sentences, needed)) <= needed


def test_text_that_teaches_nothing_is_refused():
    with pytest.raises(UserError):
        Tokenizer.train([], 300)


@pytest.mark.parametrize("proto", [b"", b"no model", b"\x00" * 100], ids=["empty", "text", "zeros"])
def test_a_damaged_or_foreign_model_is_refused(proto):
    with pytest.raises(UserError, match="tokenizer"):
        Tokenizer(proto)


def test_a_truncated_model_is_refused(tokenizer):
    with pytest.raises(UserError, match="tokenizer"):
        Tokenizer(tokenizer.proto[:-7])
