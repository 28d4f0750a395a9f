"""Scientific articles: JATS, PubMed XML, BEIR, RIS and BibTeX."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from galien.model.records import Article

JATS = """<?xml version="1.0"?><article article-type="research-article" xml:lang="en"><front>
<journal-meta><journal-title-group>
<journal-title>Revue de chirurgie</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="doi">10.1000/x1</article-id><article-id pub-id-type="pmid">123</article-id>
<title-group><article-title>Hip <italic>arthroplasty</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author">
<name><surname>Martin</surname><given-names>P</given-names></name></contrib>
</contrib-group><pub-date><year>2021</year><month>3</month></pub-date>
<abstract><p>We studied 40 patients.</p></abstract></article-meta></front>
<body><sec><title>Methods</title><p>Posterior approach.</p></sec><sec><title>Results</title><p>No infection.</p></sec>
</body></article>"""

PUBMED = """<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">456</PMID>
<Article><Journal><JournalIssue><PubDate><Year>2019</Year></PubDate></JournalIssue><Title>Lancet</Title></Journal>
<ArticleTitle>Metformin and HbA1c.</ArticleTitle><Abstract><AbstractText Label="AIM">To measure.</AbstractText>
<AbstractText Label="RESULTS">It fell.</AbstractText></Abstract><Language>eng</Language>
<PublicationTypeList><PublicationType UI="D016449">Randomized Controlled Trial</PublicationType></PublicationTypeList>
</Article><MeshHeadingList><MeshHeading><DescriptorName UI="D008687">Metformin</DescriptorName></MeshHeading>
</MeshHeadingList></MedlineCitation></PubmedArticle></PubmedArticleSet>"""


def test_jats(read, one):
    article = one(read(JATS), Article)
    assert (article.title, article.doi, article.pmid, article.journal) == (
        "Hip arthroplasty", "10.1000/x1", "123", "Revue de chirurgie",
    )  # fmt: skip
    assert [s.title for s in article.sections if s.title in ("Methods", "Results")] == ["Methods", "Results"]
    results = next(s for s in article.sections if s.title == "Results")
    assert "No infection." in article.text[results.start : results.end]
    assert article.at.text == "2021-03"
    assert "research article" in article.kinds


def test_pubmed(read, one):
    article = one(read(PUBMED), Article)
    assert article.key == "pmid:456"
    assert article.mesh == ("Metformin",)
    assert "Randomized Controlled Trial" in article.kinds
    assert "It fell." in (article.abstract or article.text)


def test_beir_corpus_queries_and_judgments(read, one):
    lines = json.dumps({"_id": "d1", "title": "Aspirin", "text": "Aspirin lowers the risk.", "metadata": {}})
    article = one(read(lines + "\n", "corpus.jsonl"), Article)
    assert (article.title, article.abstract or article.text) == ("Aspirin", "Aspirin lowers the risk.")
    queries = json.dumps({"_id": "q1", "text": "aspirin", "metadata": {}}) + "\n"
    assert "queries" in read(queries, "queries.jsonl").fatal.reason
    assert "judgments" in read("query-id\tcorpus-id\tscore\nq1\td1\t1\n", "test.tsv").fatal.reason


def test_ris(read, one):
    ris = "TY  - JOUR\nTI  - Prothèse de hanche\nAU  - Martin, P.\nJO  - Rev Chir\nPY  - 2020\nDO  - 10.1000/z\n"
    article = one(read(ris + "AB  - Une étude.\nER  - \n"), Article)
    assert (article.title, article.doi, article.key) == ("Prothèse de hanche", "10.1000/z", "doi:10.1000/z")


def test_bibtex(read, one):
    bib = "@article{m20,\n  title = {Proth{\\`e}se de hanche},\n  author = {Martin, P. and Durand, L.},\n"
    article = one(read(bib + "  journal = {Rev Chir},\n  year = 2020\n}\n"), Article)
    assert article.title == "Prothèse de hanche"
    assert article.authors == ("Martin, P.", "Durand, L.")


@pytest.mark.parametrize("broken", [JATS[:500], PUBMED[:400]])
def test_a_truncated_article_is_refused(read, broken):
    assert read(broken).fatal.code == "input.malformed"


def test_every_public_article_is_read(read, public_data: Path):
    with tarfile.open(public_data / "articles/plos_jats.tar.xz") as archive:
        members = [m for m in archive if m.isfile()][:40]
        for member in members:
            file = archive.extractfile(member)
            assert file is not None
            found = read(io.BytesIO(file.read()).getvalue(), member.name)
            if not member.name.endswith(".xml"):
                continue
            assert found.fatal is None, (member.name, found.fatal)
            (article,) = [i.record for i in found.records if isinstance(i.record, Article)]
            assert article.title, member.name
            assert article.doi, member.name
            assert len(article.text) > 500, member.name
    samples = public_data / "articles/pubmed_samples/data"
    read_ = [read(f.read_bytes(), f.name) for f in sorted(samples.rglob("*")) if f.is_file()]
    assert all(f.fatal is None for f in read_), [f.fatal for f in read_ if f.fatal]
    articles = [i.record for f in read_ for i in f.records if isinstance(i.record, Article)]
    assert len(articles) >= 9, "eight full texts and the PubMed records"
    assert all(a.title for a in articles)
