"""Slips to tear off: each has its own code, in any script, and none is lost."""

import io

from pypdf import PdfReader

from webapp.documents.slips import Slip, Slips, slips_pdf

PAGE = "https://confab.example/linden"


def read(*slips: Slip, school: str = "Linden Park School", language: str = "en") -> list[str]:
    reader = PdfReader(io.BytesIO(slips_pdf(Slips(slips, school, PAGE, language))))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_eight_slips_stand_on_a_page_and_none_is_lost() -> None:
    pages = read(*(Slip(f"Student Number{n:03}", "Grade 3", f"AB{n:03}-CDEFG") for n in range(19)))

    assert [page.count("Grade 3") for page in pages] == [8, 8, 3]
    assert all(
        f"Student Number{n:03}" in page and f"AB{n:03}-CDEFG" in page for page, n in zip(pages, (0, 8, 16), strict=True)
    )
    assert all(PAGE in page and "Linden Park School" in page for page in pages)


def test_long_names_stay_within_their_slip_and_letters_without_a_font_are_said() -> None:
    [page] = read(
        Slip("Bartholomew Maximilian Featherstonehaugh-Cholmondeley " * 3, "", "ABCDE-FGHJK"), school="L" * 200
    )
    [odd] = read(Slip("Ana अनिता", "", "ABCDE-FGHJK"))

    assert "ABCDE-FGHJK" in page
    assert "Letters that cannot be printed here stand as “?”." in odd


def test_the_words_are_those_of_the_language_and_the_code_stays_as_it_is() -> None:
    [chinese] = read(Slip("王小明", "三年级", "ABCDE-FGHJK"), language="zh")
    [arabic] = read(Slip("محمد", "", "ABCDE-FGHJK"), language="ar")

    assert "打开网址" in chinese
    assert "王小明" in chinese
    for page in (chinese, arabic):
        assert "ABCDE-FGHJK" in page
        assert "?" not in page
