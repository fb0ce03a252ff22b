"""The spaCy pipeline gives the answers of the bulk reader."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.calls import CALLS
from nlp.classification import ROUTES
from nlp.errors import NlpError
from nlp.labels import read_labels
from nlp.pipeline import COMPONENTS, PipelineReader, build_pipeline
from nlp.reading import CallReader


def test_written_calls_read_alike(reader: CallReader) -> None:
    items = [(row.text, row.line) for row in read_labels(sorted(CALLS.glob("*.jsonl")))] + [("", "110"), (" \n", None)]
    answers = PipelineReader(reader).read_batch(items)
    assert [answer.to_row() for answer in answers] == [answer.to_row() for answer in reader.read_batch(items)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_reads_alike(reader: CallReader, text: str) -> None:
    pipeline = PipelineReader(reader)
    assert pipeline.read(text, line="110").to_row() == reader.read(text, line="110").to_row()


def test_a_document_holds_categories_and_spans(reader: CallReader) -> None:
    nlp = build_pipeline(reader)
    assert tuple(nlp.pipe_names) == COMPONENTS
    doc = nlp("我老公拿着菜刀打我，手机13800001111")
    assert set(doc.cats) == set(ROUTES)
    assert max(doc.cats, key=lambda route: doc.cats[route]) == doc._.classification.route
    assert {span.label_ for span in doc.spans["danger"]} >= {"weapon", "violence"}
    assert [span.label_ for span in doc.spans["entities"]] == ["phone"]
    assert "violence_or_control" in {span.label_ for span in doc.spans["cues"]}
    assert doc.text == doc._.normal.text


def test_a_pipeline_without_a_reader_says_how_to_make_one() -> None:
    import spacy

    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": {"@tokenizers": "hotline.CallTokenizer.v1"}}})
    with pytest.raises(NlpError, match="build_pipeline"):
        nlp("喂")
