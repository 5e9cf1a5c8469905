"""What loading does to a database, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support import generic_links, undeclared, warehouse
from support.stock import dumped, loaded, project_of
from support.warehouse import Box, Person, Shelf, box_tag

from sqlalchemy_manage.errors import DatabaseError, FixtureError
from sqlalchemy_manage.project import Project

__all__ = ["project_of"]


@pytest.fixture
def project(project_of: Callable[..., Project], database_url: str) -> Project:
    """The warehouse, empty, on each backend in turn."""
    return project_of(warehouse, database_url)


def record(model: str, pk: Any = None, **fields: Any) -> dict[str, Any]:
    return {"model": f"stock.{model}", "pk": pk, "fields": fields}


def rows(project: Project, statement: Any) -> list[tuple[Any, ...]]:
    with project.connect() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def execute(project: Project, *statements: Any) -> None:
    with project.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement)
        connection.commit()


def counts(project: Project, records: Any) -> tuple[int, int, int]:
    done = loaded(project, records)
    return done.new, done.changed, done.unchanged


@pytest.fixture
def statements(project: Project) -> Iterator[list[str]]:
    """The INSERT and UPDATE statements that reach the database."""
    seen: list[str] = []

    def note(c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(statement.split()[0])

    sa.event.listen(project.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(project.engine, "before_cursor_execute", note)


def test_an_existing_row_is_changed_where_it_differs_and_otherwise_left_alone(
    project: Project, statements: list[str]
) -> None:
    assert counts(project, [record("box", 1, serial="a"), record("box", 2, serial="b")]) == (
        2,
        0,
        0,
    )
    statements.clear()
    assert counts(project, [record("box", 1, serial="a"), record("box", 2, serial="b")]) == (
        0,
        0,
        2,
    )
    assert statements == []
    changed = [record("box", 1, serial="a"), record("box", 2, serial="c"), record("box", 3)]
    assert counts(project, changed) == (1, 1, 1)
    assert sorted(statements) == ["INSERT", "UPDATE"]
    assert rows(project, sa.select(Box.id, Box.serial).order_by(Box.id)) == [
        (1, "a"),
        (2, "c"),
        (3, None),
    ]


def test_fields_that_a_record_leaves_out_are_kept_or_get_their_defaults(project: Project) -> None:
    loaded(project, [record("person", 1, name="a", touched=7), record("person", 2, name="b")])
    loaded(project, [record("person", 1, name="a"), record("person", 2)])
    assert rows(project, sa.select(Person.touched).order_by(Person.id)) == [(7,), (0,)]


def test_a_large_table_is_not_read_whole_and_all_is_found(project: Project) -> None:
    many = [{"room": f"r{i:05}", "number": i} for i in range(2000)]
    execute(project, sa.insert(Shelf).values(many[:1000]), sa.insert(Shelf).values(many[1000:]))
    some = [record("shelf", [m["room"], m["number"]], note="n") for m in many[::500]]
    some.append(record("shelf", ["r00000", 1], note="new"))
    read: list[str] = []

    def note(c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "count(" not in statement and "shelf." in statement:
            read.append(statement)

    sa.event.listen(project.engine, "before_cursor_execute", note)
    assert counts(project, some) == (1, 4, 0)
    assert read
    assert all("WHERE" in statement for statement in read)
    found = rows(project, sa.select(Shelf.room).where(Shelf.note == "n").order_by(Shelf.room))
    assert found == [("r00000",), ("r00500",), ("r01000",), ("r01500",)]


def test_the_columns_own_names_are_accepted(project: Project) -> None:
    loaded(project, [record("everything", 1, label_column="x"), record("everything", 2, label="x")])
    statement = sa.select(sa.func.count()).where(warehouse.Everything.label == "x")
    assert rows(project, statement) == [(2,)]


def test_relationships_may_be_written_by_name(project: Project) -> None:
    records = [
        record("tag", "red"),
        record("tag", "wet"),
        record("shelf", ["A", 1]),
        record("box", 1, shelf=["A", 1], tags=["red", "wet"]),
        record("box", 2, shelf=None, tags=[]),
        record("person", 1, name="a", boss=2),
        record("person", 2, name="b"),
        record("vehicle", 1, type="truck", payload=5, boxes=[1]),
        # The same link, from its other side.
        record("tag", "red", boxes=[1]),
    ]
    assert counts(project, records) == (11, 0, 1)
    assert counts(project, records) == (0, 0, 12)
    assert rows(project, sa.select(Box.room, Box.shelf_number).order_by(Box.id)) == [
        ("A", 1),
        (None, None),
    ]
    assert rows(project, sa.select(box_tag).order_by(box_tag.c.tag_name)) == [
        (1, "red"),
        (1, "wet"),
    ]
    assert rows(project, sa.select(warehouse.vehicle_box)) == [(1, 1, 1)]
    assert rows(project, sa.select(Person.boss_id).order_by(Person.id)) == [(2,), (None,)]


def test_rows_without_a_key_are_wanted_as_often_as_they_are_written(project: Project) -> None:
    link = record("box_tag", box_id=1, tag_name="red")
    start = [record("tag", "red"), record("box", 1), link, link]
    assert counts(project, start) == (4, 0, 0)
    assert counts(project, start) == (0, 0, 4)
    assert counts(project, [link, link, link]) == (1, 0, 2)
    # A relationship asks for the link, not for one more of it.
    assert counts(project, [record("box", 1, tags=["red"])]) == (0, 0, 2)
    assert len(rows(project, sa.select(box_tag))) == 3


def test_a_relationship_leaves_the_other_columns_of_its_link_rows_alone(project: Project) -> None:
    records = [
        record("box", 1),
        record("vehicle_box", [1, 1], packed=3),
        record("vehicle", 1, type="truck", boxes=[1]),
    ]
    assert counts(project, records) == (3, 0, 0)
    loaded(project, [record("vehicle", 1, boxes=[1])])
    assert rows(project, sa.select(warehouse.vehicle_box.c.packed)) == [(3,)]


def test_true_is_not_one_in_json(project: Project) -> None:
    loaded(project, [record("everything", 1, data={"a": [1, {"b": 2}]})])
    assert counts(project, [record("everything", 1, data={"a": [1.0, {"b": 2}]})]) == (0, 0, 1)
    assert counts(project, [record("everything", 1, data={"a": [True, {"b": 2}]})]) == (0, 1, 0)
    assert rows(project, sa.select(warehouse.Everything.data)) == [({"a": [True, {"b": 2}]},)]


def test_json_that_is_nested_deeply_is_loaded_or_the_record_is_named(
    project: Project, backend: str
) -> None:
    def text(depth: int, inside: str, key: int = 2) -> str:
        nested = '{"a": [' * (depth // 2) + inside + "]}" * (depth // 2)
        deep = f'{{"model": "stock.everything", "pk": {key}, "fields": {{"data": {nested}}}}}'
        return f"[{json.dumps(record('person', 1, name='x'))}, {deep}]"

    def told(depth: int) -> str:
        with pytest.raises(FixtureError) as caught:
            loaded(project, text(depth, "1", key=9))
        return caught.value.message

    assert counts(project, text(30, "1")) == (2, 0, 0)
    if backend == "mariadb":
        before = dumped(project)
        assert (
            told(32)
            == told(500)
            == (
                "standard input, record 2 (stock.everything 9): data is nested too deeply: MariaDB "
                "before 12.2 takes 31 levels."
            )
        )
        assert dumped(project) == before
    else:
        assert counts(project, text(500, "1")) == (0, 1, 1)
        assert counts(project, text(500, "1.0")) == (0, 0, 2)
        assert counts(project, text(500, "true")) == (0, 1, 1)
        before = dumped(project)
        assert loaded(project, dumped(project, indent=2)).unchanged == 2
    for depth in (*range(920, 966, 2), 100_000):
        # How much fits depends on the Python; then it is taken back.
        try:
            loaded(project, text(depth, "1", key=9))
        except FixtureError as error:
            assert error.message.startswith("standard input, record 2")
            assert "nested too deeply" in error.message
        else:
            execute(project, "DELETE FROM everything WHERE id = 9")
    assert dumped(project) == before
    if backend == "sqlite":  # a program may have written what Python does not read
        deep = "[" * 100_000 + "]" * 100_000
        execute(project, f"INSERT INTO everything (id, data) VALUES (9, '{deep}')")
        with pytest.raises(FixtureError, match=r"everything 9: column everything\.data cannot be"):
            dumped(project)


def test_circles_of_rows_and_tables(project: Project) -> None:
    records = [
        record("person", 1, name="a", boss=2),
        record("person", 2, name="b", boss=1),
        record("person", 3, name="c", boss=3),
        record("node", 1, parent_id=2),
        record("node", 2, parent_id=2),
        record("team", 1, lead_id=1),
        record("member", 1, team_id=1),
    ]
    assert counts(project, records) == (7, 0, 0)
    assert counts(project, records) == (0, 0, 7)
    # Filling in the link is not a change that the program made: onupdate stays out of it.
    assert rows(project, sa.select(Person.boss_id, Person.touched).order_by(Person.id)) == [
        (2, 0),
        (1, 0),
        (3, 0),
    ]


def test_a_circle_without_null_is_loaded_where_the_database_can_wait(
    project: Project, backend: str
) -> None:
    records = [record("node", 1, parent_id=2), record("node", 2, parent_id=1)]
    if backend == "postgresql":
        with pytest.raises(FixtureError, match=r"record 1 \(stock\.node 1\): parent_id leads back"):
            loaded(project, records)
    else:
        assert counts(project, records) == (2, 0, 0)


def test_the_next_insert_of_the_program_gets_a_fresh_key(project: Project) -> None:
    loaded(
        project,
        [
            record("box", 41),
            record("ticket", 41, title="x"),
            record("numbered", 41, title="x"),
            record("person", 0, name="zero"),
        ],
    )
    with project.session() as session:
        box, person = Box(), Person(name="one")
        session.add_all([box, person])
        session.flush()
        assert box.id == 42
        assert person.id == 1
        for table in (warehouse.ticket, warehouse.numbered):
            session.execute(sa.insert(table).values(title="y"))
            assert session.scalar(sa.select(sa.func.max(table.c.id))) == 42


def test_a_sequence_is_never_set_back(project: Project, backend: str) -> None:
    if backend != "postgresql":
        pytest.skip("counters of the other databases look after themselves")
    execute(project, "SELECT setval('box_id_seq', 500)", "SELECT setval('numbered_seq', 500)")
    loaded(project, [record("box", 7), record("numbered", 7, title="x")])
    found = "SELECT (SELECT last_value FROM box_id_seq), (SELECT last_value FROM numbered_seq)"
    assert rows(project, sa.text(found)) == [(500, 500)]


def test_a_record_without_pk_gets_the_next_key(project: Project) -> None:
    assert counts(project, [record("box", serial="a"), record("box", 5, serial="b")]) == (2, 0, 0)
    assert len(rows(project, sa.select(Box.id))) == 2


GOOD = record("shelf", ["A", 1], note="first")
BAD = [
    (record("shelfs", ["A", 2]), "no model \"stock.shelfs\". Did you mean 'stock.shelf'?"),
    (record("shelf", ["A", 2], nota="x"), "unknown field \"nota\". Did you mean 'note'?"),
    (record("shelf", ["A", "2"]), '(stock.shelf ["A", "2"]): pk: "2" is not a whole number.'),
    (record("shelf", ["A"]), "pk must be a list: [room, number]."),
    (record("shelf", note="x"), "pk is missing (room, number)."),
    (record("shelf", ["A", 2], number=3), "'number' gives 3 for shelf.number, and another name"),
    (record("everything", 2, doubled=4), "'doubled' is computed by the database; leave it out."),
    (record("everything", 2, size="smal"), '"smal" is not one of small, large. Did you mean'),
    (record("everything", 2, moment="soon"), '"soon" is not a date and time such as 2024-05-31'),
    (
        record("everything", 2, amount="0.123"),
        '"0.123" has more than the 2 decimals of the column.',
    ),
    (record("person", 2, name=None), "field 'name' must not be null."),
    (record("person", 2), "field 'name' is missing, and the row is new."),
    (record("person", 2, name="x", boss=77), "boss_id 77 refers to a row of stock.person that is"),
    (record("person", 2, name="x", reports=[1]), "'reports' is stored in the rows of stock.person"),
    (record("box", 2, shelf=["A", 9]), 'room, shelf_number ["A", 9] refers to'),
    (record("box", 2, shelf=1), "1 is not a key: a list of room, number."),
    (record("box", 2, tags="red"), "relationship 'tags': \"red\" is not a list of keys."),
    (record("box", 2, tags=["none"]), '"none"'),
    (record("box", serial="x", tags=["red"]), "relationship 'tags' needs the record's pk."),
    (record("box_tag", 1, box_id=1), "the table has no primary key: put all values in fields."),
    (record("vehicle_box", [1, 1]), "neither in the fixture nor in the database."),
    (record("car", 9, seats=2), "id 9 refers to a row of stock.vehicle"),
]


@pytest.mark.parametrize(("bad", "message"), BAD)
def test_a_bad_record_is_named_and_nothing_is_written(
    project_of: Callable[..., Project],
    new_database: Callable[..., str],
    bad: dict[str, Any],
    message: str,
) -> None:
    project = project_of(warehouse, new_database("sqlite"))
    with pytest.raises(FixtureError) as caught:
        loaded(project, [GOOD, bad])
    assert caught.value.message.startswith("standard input, record 2")
    assert message in caught.value.message
    assert rows(project, sa.select(Shelf)) == []


def test_a_refused_row_is_named_with_its_value(project: Project) -> None:
    before = [record("box", i, serial=f"s{i}") for i in range(1500)]
    loaded(project, before)
    text = dumped(project)
    records = [GOOD, *(record("box", i, serial=f"t{i}") for i in range(2000, 4000))]
    records.append(record("box", 9999, serial="s77"))
    with pytest.raises(FixtureError) as caught:
        loaded(project, records)
    assert caught.value.message == (
        "standard input, record 2002 (stock.box 9999): another row of box already "
        'has serial "s77", and it must be unique.'
    )
    assert dumped(project) == text


def test_a_refused_change_leaves_the_rest_as_it_was(project: Project) -> None:
    loaded(project, [record("box", 1, serial="a"), record("box", 2, serial="b")])
    text = dumped(project)
    with pytest.raises(
        FixtureError, match=r'\(stock\.box 2\): another row .* already has serial "a"'
    ):
        loaded(project, [GOOD, record("box", 3), record("box", 2, serial="a")])
    assert dumped(project) == text


def test_a_value_that_the_column_does_not_keep_stops_the_load(
    project: Project, backend: str
) -> None:
    span = record("everything", 1, span="PT0.5S")
    if backend == "mariadb":  # an Interval is a DATETIME there, in whole seconds
        with pytest.raises(FixtureError) as caught:
            loaded(project, [GOOD, span])
        assert caught.value.message == (
            'standard input, record 2 (stock.everything 1): the database holds "P0DT00H00M00S" '
            "for field 'span', but the fixture says \"P0DT00H00M00.500000S\"."
        )
        assert rows(project, sa.select(Shelf)) == []
    else:
        assert counts(project, [span]) == (1, 0, 0)


def test_a_trigger_may_change_what_is_written_and_that_is_told(
    project: Project, backend: str
) -> None:
    loaded(project, [record("box", 1, serial="a")])
    body = {
        "sqlite": "CREATE TRIGGER t AFTER UPDATE OF serial ON box BEGIN "
        "UPDATE box SET serial = upper(new.serial) WHERE id = new.id; END",
        "mariadb": "CREATE TRIGGER t BEFORE UPDATE ON box FOR EACH ROW "
        "SET NEW.serial = upper(NEW.serial)",
        "postgresql": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.serial = upper(NEW.serial); RETURN NEW; END $$",
    }[backend]
    execute(project, body)
    if backend == "postgresql":
        execute(project, "CREATE TRIGGER t BEFORE UPDATE ON box FOR EACH ROW EXECUTE FUNCTION f()")
    assert loaded(project, [record("box", 2, serial="b")]).notes == ()
    done = loaded(project, [record("box", 1, serial="c")])
    assert done.notes == (
        "A trigger may have changed a row. standard input, record 1 (stock.box 1): the database "
        'holds "C" for field \'serial\', but the fixture says "c".',
    )


def test_a_missing_table_is_named(project: Project) -> None:
    execute(project, "DROP TABLE box_tag")
    with pytest.raises(DatabaseError, match="no table box_tag"):
        loaded(project, [record("box_tag", box_id=1, tag_name="x")])
    assert counts(project, [GOOD]) == (1, 0, 0)


def test_a_protected_database_is_left_alone(
    project_of: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    project = project_of(warehouse, new_database("sqlite"), protected=True)
    with pytest.raises(DatabaseError, match="PROTECTED"):
        loaded(project, [GOOD])


def test_links_that_were_broken_before_do_not_stop_a_load(
    project_of: Callable[..., Project], new_database: Callable[..., str]
) -> None:
    project = project_of(warehouse, new_database("sqlite"))
    with project.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("INSERT INTO team (id, lead_id) VALUES (1, 99)")
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    assert counts(project, [record("team", 2)]) == (1, 0, 0)
    with pytest.raises(FixtureError, match="99"):
        loaded(project, [record("team", 1, lead_id=99)])


def test_a_link_that_no_foreign_key_declares_is_followed(
    project_of: Callable[..., Project], database_url: str
) -> None:
    project = project_of(undeclared, database_url)
    good = [record("author", 1), record("book", 1, author_id=1), record("book", 2)]
    assert counts(project, good) == (3, 0, 0)
    with pytest.raises(FixtureError) as caught:
        loaded(project, [record("author", 2), record("book", 3, author_id=7)])
    assert caught.value.message.startswith(
        "standard input, record 2 (stock.book 3): a link would be broken: book"
    )
    assert len(rows(project, sa.select(undeclared.Author))) == 1


def test_a_generic_link_is_followed_to_the_table_that_its_type_says(
    project_of: Callable[..., Project], database_url: str
) -> None:
    project = project_of(generic_links, database_url)
    good = [
        record("post", 3),
        record("child", 5),
        record("note", 1, object_type="post", object_id=3),
        record("note", 2, object_type="child", object_id=5),
    ]
    assert counts(project, good) == (4, 0, 0)
    assert counts(project, dumped(project)) == (0, 0, 4)
    with pytest.raises(FixtureError, match=r"note 3\): a link would be broken: .*no child with"):
        loaded(project, [record("note", 3, object_type="child", object_id=3)])


def test_the_session_of_mariadb_is_left_as_it_was(project: Project, backend: str) -> None:
    if backend != "mariadb":
        pytest.skip("only MariaDB is told to wait by session settings")
    settings = sa.text("SELECT @@sql_mode, @@foreign_key_checks, @@autocommit")
    before = rows(project, settings)
    loaded(project, [record("node", 1, parent_id=2), record("node", 2, parent_id=1)])
    assert rows(project, settings) == before
    assert before[0][1] == 1
