"""Tables of every format: each row with the names of its columns, and a summary of the whole."""

import json
import random
import re
import sqlite3
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.knowledge import formats
from copilot.knowledge.blocks import Block, Unreadable
from copilot.knowledge.extract import Task
from copilot.knowledge.formats.table import Table
from copilot.knowledge.sandbox import Sandbox
from tests.conftest import shared_data
from tests.knowledge.test_parts import letter, packed

NAMES = st.text("abcxyz_", min_size=1, max_size=6)
VALUES = st.one_of(st.none(), st.integers(-9, 10**6), st.text("ab'\"\\;,-()[]\n\t`$ é", max_size=12))
ROWS = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=1, max_size=6))


def read(path: Path, kind: str = "") -> list[Block]:
    return list(formats.read(path, kind or path.suffix[1:], path.parent / "inside").blocks)


def tables(blocks: Sequence[Block]) -> dict[str, list[str]]:
    """Return the rows of each table, by the heading above them."""
    found: dict[str, list[str]] = {}
    name = ""
    for block in blocks:
        if block.kind == "heading":
            name = block.text
        elif block.row:
            found.setdefault(name, []).append(block.text)
    return found


def about(blocks: Sequence[Block]) -> list[str]:
    return [block.text for block in blocks if block.row == 0]


def plain(text: str) -> str:
    """Write a row the way that two dialects agree on: names without case and dashes, dates without leading zeros and midnights."""
    text = re.sub(r"(\d{4})[-/]0?(\d{1,2})[-/]0?(\d{1,2})(?: 00:00:00)?", r"\1/\2/\3", text)
    return "; ".join(f"{name.replace('_', '').lower()}:{rest}" for name, _, rest in (cell.partition(":") for cell in text.split("; ")))


@pytest.mark.parametrize("dialect", ["MySql", "PostgreSql", "Sqlite"])
def test_a_database_and_its_dumps_give_the_same_rows(dialect: str) -> None:
    source = read(shared_data("chinook_db", "Chinook_Sqlite.sqlite"), "sqlite")
    dumped = read(shared_data("chinook_db", f"Chinook_{dialect}.sql"))
    rows, expected = tables(dumped), tables(source)
    assert sum(map(len, expected.values())) == sum(map(len, rows.values())) == 15_607
    assert {name.replace("_", "").lower() for name in rows} == {name.lower() for name in expected}
    for name, found in rows.items():
        same = next(values for key, values in expected.items() if key.lower() == name.replace("_", "").lower())
        assert Counter(map(plain, found)) == Counter(map(plain, same))
    assert len(about(source)) == len(about(dumped)) == 11


def test_a_copy_of_postgresql_is_read(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(
        "--\n-- PostgreSQL database dump\n--\nSET client_encoding = 'UTF8';\n"
        "CREATE FUNCTION public.f() RETURNS trigger AS $$ BEGIN INSERT INTO x VALUES (1); END; $$ LANGUAGE plpgsql;\n"
        "CREATE TABLE public.staff (\n    id integer NOT NULL,\n    name text DEFAULT 'a;b'::text,\n    note text,\n"
        '    CONSTRAINT p PRIMARY KEY (id)\n);\nCREATE TABLE public.empty ("the key" int);\n'
        "COPY public.staff (id, name, note) FROM stdin;\n1\tAda\\tL.\t\\N\n2\tBob; the second\tx\\\\y\n\\.\n\n"
        'COPY public.prices (article, price) FROM stdin WITH (FORMAT csv);\n"a, b",3\n\\.\n'
        "ALTER TABLE ONLY public.staff ADD CONSTRAINT s UNIQUE (name);\nINSERT INTO public.staff VALUES (3, E'it\\'s', NULL);\n"
    )
    blocks = read(tmp_path / "dump.sql")
    assert tables(blocks) == {
        "staff": ["id: 1; name: Ada L.", "id: 2; name: Bob; the second; note: x\\y", "id: 3; name: it's"],
        "prices": ["article: a, b; price: 3"],
    }
    assert [text.split(".")[0] for text in about(blocks)] == [
        "Table staff with 3 rows",
        "Table empty with 0 rows",
        "Table prices with 1 rows",
    ]
    assert "Columns: the key." in about(blocks)[1]


def test_what_mysql_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(
        "-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\n# a comment; with a sign\nDROP TABLE IF EXISTS `t`;\n"
        "CREATE TABLE `t` (`a b` int, `c` varchar(9) DEFAULT 'x', KEY `k` (`c`)) ENGINE=InnoDB;\nLOCK TABLES `t` WRITE;\n"
        "INSERT INTO `t` VALUES (1,'O\\'Hara; (a)'),(-2.5e3,'two\\nlines'),(NULL,_binary 'x''y'),(0x4142,X'00');\nUNLOCK TABLES;\n"
        "DELIMITER ;;\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (1); END ;;\nDELIMITER ;\n"
        "INSERT IGNORE INTO db.`t` (`c`, `a b`) VALUES ('last', 9) ON DUPLICATE KEY UPDATE c = 'z';\n"
    )
    assert tables(read(tmp_path / "dump.sql")) == {
        "t": ["a b: 1; c: O'Hara; (a)", "a b: -2.5e3; c: two lines", "c: x'y", "a b: (2 bytes); c: (1 bytes)", "c: last; a b: 9"]
    }


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, names=st.lists(NAMES, min_size=4, max_size=4, unique=True))
def test_what_sqlite_dumps_reads_like_the_database(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[object]], names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("db")
    columns = names[: len(rows[0])]
    with closing(sqlite3.connect(folder / "a.db")) as database, database:
        database.execute(f"CREATE TABLE [t] ({', '.join(f'[{name}]' for name in columns)})")
        database.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", rows)
        database.execute("CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1); END")
        (folder / "a.sql").write_text("\n".join(database.iterdump()), encoding="utf-8")
    assert tables(read(folder / "a.sql")) == tables(read(folder / "a.db", "sqlite"))


def test_what_routines_would_insert_is_no_row_and_nothing_behind_them_is_lost(tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text(
        "CREATE TABLE t (id int);\n"
        "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; INSERT INTO t VALUES (99); END;\n"
        "CREATE TRIGGER b BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();\n"
        "CREATE FUNCTION g() RETURNS void BEGIN ATOMIC INSERT INTO t VALUES (77); SELECT 1; END;\n"
        "CREATE FUNCTION h() RETURNS int AS $$ BEGIN INSERT INTO t VALUES (66); END; $$ LANGUAGE plpgsql;\n"
        "INSERT INTO t VALUES (5);\nCREATE VIEW v AS SELECT CASE WHEN 1 THEN 2 END;\nINSERT INTO t VALUES (6);\n"
    )
    assert [block.text for block in read(tmp_path / "t.sql") if block.row] == ["id: 5", "id: 6"]


@pytest.mark.parametrize("closing", ["", '40,"8 inch pipe,Bern\n'])
def test_a_quote_that_nothing_closes_takes_no_other_row_with_it(closing: str, tmp_path: Path) -> None:
    rows = "".join(f"{i},x{i},Roma {i}\n" for i in range(2, 40))
    (tmp_path / "t.csv").write_text(f'id,size,town\n0,"two\nlines, as ""meant""",Rome\n1,"5 inch pipe,Oslo\n{rows}{closing}')
    texts = [block.text for block in read(tmp_path / "t.csv") if block.row]
    assert texts[:3] == [
        'id: 0; size: two lines, as "meant"; town: Rome',
        'id: 1; size: "5 inch pipe; town: Oslo',
        "id: 2; size: x2; town: Roma 2",
    ]
    assert len(texts) == (41 if closing else 40)


def test_numbers_of_json_stay_as_they_are_written(tmp_path: Path) -> None:
    long = "9" * 5000
    (tmp_path / "t.json").write_text(f'{{"price": 1.10, "account": 12345678901234567890.125, "huge": 1e999, "long": {long}}}')
    texts = [block.text for block in read(tmp_path / "t.json") if block.row]
    assert texts == ["price: 1.10; account: 12345678901234567890.125; huge: 1e999", f"long: {long}"]


def test_a_script_without_tables_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "report.sql").write_text("-- Monthly sales by region\nSELECT region, sum(total) FROM sales GROUP BY region;\n")
    content = formats.read(tmp_path / "report.sql", "sql", tmp_path)
    assert any("Monthly sales by region" in block.text for block in content.blocks)
    assert list(content.notes) == ["it holds no table, and was read as text"]


def test_a_dump_in_the_middle_of_a_string_is_read_to_its_end(tmp_path: Path) -> None:
    long = "word " * 200_000
    (tmp_path / "dump.sql").write_text(f"CREATE TABLE t (a, b);\nINSERT INTO t VALUES (1, '{long}'), (2, 'after');\n")
    assert tables(read(tmp_path / "dump.sql"))["t"][1] == "a: 2; b: after"


def test_a_broken_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    with pytest.raises(Unreadable, match="damaged: "):
        read(tmp_path / "a.db", "sqlite")


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    sales = book.active
    assert sales is not None
    sales.title = "Sales"
    for row in (
        ["Sales by region"],
        ["Region", "Since", 2024, "Share"],
        ["North", date(2020, 1, 5), 12.50, 0.25],
        ["South", datetime(2021, 6, 1, 8, 30), 7.0, 0.75],
        [],
        ["Staff", "Town"],
        ["Ada", "Oslo"],
    ):
        sales.append(row)
    for cell in sales["D"][2:4]:
        cell.number_format = "0.0%"
    book.create_sheet("Empty")
    book.create_sheet("Far")["XFD1048576"] = "far"
    book.create_sheet("Gap")["C9000"] = "found"
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def test_a_workbook_is_read_sheet_by_sheet_as_it_is_shown(workbook: Path) -> None:
    content = formats.read(workbook, "xlsx", workbook.parent)
    blocks = list(content.blocks)
    assert tables(blocks)["Sales by region"] == [
        "Region: North; Since: 2020-01-05; 2024: 12.5; Share: 25%",
        "Region: South; Since: 2021-06-01 08:30:00; 2024: 7; Share: 75%",
        "Staff: Ada; Town: Oslo",
    ]
    assert [block.row for block in blocks if block.row] == [3, 4, 7, 1048576, 9000]
    assert tables(blocks)["Far"] == ["far"]
    assert tables(blocks)["Gap"] == ["found"]
    assert "sheet Empty holds no cells" in content.notes


def test_long_numbers_of_a_workbook_keep_their_digits(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    rows = (["Card", "Account", "Share", "Size"], [4111111111111111, 1.2345678901234e13, 0.1 + 0.2, 1e300])
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    texts = [block.text for block in read(tmp_path / "t.xlsx") if block.row]
    assert texts == ["Card: 4111111111111111; Account: 12345678901234; Share: 0.3; Size: 1e+300"]


def test_json_is_read_by_the_names_that_lead_to_each_value(tmp_path: Path) -> None:
    value = {
        "company": "Acme",
        "open": True,
        "staff": [{"name": "Ada", "home": {"town": "Oslo"}, "tags": ["a", "b"]}, {"name": "Bob", "age": 40}],
        "rule": "Shoes off. " * 60,
    }
    (tmp_path / "a.json").write_text(json.dumps(value))
    blocks = read(tmp_path / "a.json")
    assert tables(blocks)[""][0] == "company: Acme; open: true"
    assert tables(blocks)["staff"] == ["name: Ada; home.town: Oslo; tags: a, b", "name: Bob; age: 40"]
    assert any(block.kind == "text" and block.text.startswith("rule: Shoes off.") for block in blocks)


@pytest.mark.parametrize("name", ["log.ndjson", "log.json"])
def test_lines_of_json_are_records_and_a_broken_one_is_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"a": 1}\n\n{"a": 2, "b": "x"}\n{"a": 3\n')
    content = formats.read(tmp_path / name, Path(name).suffix[1:], tmp_path)
    assert [(block.text, block.row) for block in content.blocks if block.row] == [("a: 1", 1), ("a: 2; b: x", 3), ('{"a": 3', 4)]
    assert list(content.notes) == ["1 lines are not JSON and were read as text"]


@pytest.mark.parametrize(("text", "reason"), [('{"a": [1, 2', "cut off"), ("{a: 1}", "not JSON: .* in line 1"), ("no\njson\n", "not")])
def test_what_is_not_json_says_where(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(Unreadable, match=reason):
        read(tmp_path / "a.json")


def test_xml_gives_records_and_running_text(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY day "Friday">]><shop xmlns="urn:x" town="Oslo">'
        '<item id="1"><name>Tent</name><price unit="euro">90</price><maker><name>Acme</name></maker></item>'
        '<item id="2"><name>Rope</name><price unit="euro">9</price></item>'
        "<note>Closed on <b>&day;</b> morning.</note></shop>"
    )
    blocks = read(tmp_path / "a.xml")
    rows = [block.text for block in blocks if block.row]
    assert "id: 1; name: Tent; price.unit: euro; price: 90; maker.name: Acme" in rows
    assert "town: Oslo" in rows
    assert "Closed on Friday morning." in [block.text for block in blocks]


def test_xml_looks_nothing_up_outside_and_does_not_grow(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]><x>&s;</x>')
    with pytest.raises(Unreadable, match="not XML"):
        read(tmp_path / "a.xml")
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    (tmp_path / "b.xml").write_text(f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{bomb}]><x>&e9;</x>')
    with pytest.raises(Unreadable, match="not XML"):
        read(tmp_path / "b.xml")


@pytest.mark.parametrize("name", ["book.xlsx", "a.db", "a.sql", "a.json", "a.ndjson", "a.xml", "a.zip", "a.eml", "a.tsv"])
def test_a_damaged_file_is_read_or_refused(workbook: Path, name: str) -> None:
    folder = workbook.parent
    with closing(sqlite3.connect(folder / "a.db")) as database, database:
        database.execute("CREATE TABLE staff (name, town)")
        database.executemany("INSERT INTO staff VALUES (?, ?)", [(f"Name {i}", "Oslo") for i in range(200)])
        (folder / "a.sql").write_text("\n".join(database.iterdump()))
    objects = [{"name": f"Name {i}", "towns": ["Oslo", {"x": i}]} for i in range(20)]
    (folder / "a.json").write_text(json.dumps(objects))
    (folder / "a.ndjson").write_text("\n".join(map(json.dumps, objects)))
    (folder / "a.xml").write_text("<?xml version='1.0'?><all>" + "<one><name>Ada</name><town>Oslo</town></one>" * 20 + "</all>")
    (folder / "a.zip").write_bytes(packed({"a.txt": b"Some words. " * 50, "b.txt": b"More words."}))
    mail = letter("Subject", "Text.", "<p>Text.</p>")
    mail.add_attachment("Attached.", filename="x.txt")
    (folder / "a.eml").write_bytes(mail.as_bytes())
    (folder / "a.tsv").write_text("name\ttown\n" + "Ada\tOslo\n" * 20)
    good = (folder / name).read_bytes()
    with Sandbox(1) as readers:
        for seed in range(10):
            chance = random.Random(seed)
            bad = bytearray(good[: chance.randrange(1, len(good))] if seed % 2 else good)
            for _ in range(chance.randrange(1, 40)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            (folder / name).write_bytes(bytes(bad))
            ((_, extracted),) = readers.extract([(None, Task(folder / name, False, folder / f"inside-{seed}"))])
            assert extracted
            assert bool(extracted["chunks"] or extracted["parts"]) != bool(extracted["reason"])
            assert extracted["reason"] != "it stopped the reader"


def test_a_summary_tells_types_ranges_and_values() -> None:
    table = Table("t", ["id", "since", "kind", "text"])
    for i in range(20):
        table.row([("id", str(i)), ("since", f"2020-01-{i + 1:02}"), ("kind", "ab"[i % 2]), ("text", f"t{i}")])
    assert table.about().text == (
        "Table t with 20 rows. Columns: id, since, kind, text. id: numbers from 0 to 19. "
        "since: dates from 2020-01-01 to 2020-01-20. kind: a, b. Text: text."
    )


def test_a_long_table_is_read_with_the_memory_of_a_row(tmp_path: Path) -> None:
    import tracemalloc

    with (tmp_path / "long.csv").open("w") as out:
        out.write("id,name,town\n")
        out.writelines(f"{i},name of number {i},Oslo\n" for i in range(60_000))
    tracemalloc.start()
    (last,) = deque(formats.read(tmp_path / "long.csv", "csv", tmp_path).blocks, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last.text.startswith("Table long with 60000 rows.")
    assert peak < 2 << 20
