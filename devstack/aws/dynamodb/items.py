"""The items of a DynamoDB table, in SQLite instead of in this process's memory.

A query reads what it is about and no more: each key attribute has a column, each index is one of SQLite's.
"""

import pickle
import sqlite3
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from decimal import Context, Decimal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

COMPARISONS = {
    "=": "{} = ?",
    "<": "{} < ?",
    "<=": "{} <= ?",
    ">": "{} > ?",
    ">=": "{} >= ?",
    "BETWEEN": "{} BETWEEN ? AND ?",
    "BEGINS_WITH": "instr({}, ?) = 1",
}
"""What a query may ask of a key attribute, as moto names it."""
EXPONENT_OFFSET = 500
"""Makes any exponent in DynamoDB, -130 to 125, three digits of equal sign."""
COMPLEMENT = bytes.maketrans(b"0123456789", b"9876543210")
PRECISION = Context(prec=38)
"""The digits that a number in DynamoDB can have."""

Condition = tuple[str, str, Sequence[DynamoType]]
"""A key attribute, one of COMPARISONS, and its operands."""


def open_database() -> sqlite3.Connection:
    """Open a database in the temporary folder that is gone when this process ends.

    The caller sees to it that one thread at a time uses it.
    """
    return sqlite3.connect("", isolation_level=None, check_same_thread=False)


class ItemTable:
    """Keeps items and finds them by the keys of a table and of its indexes."""

    def __init__(self, database: sqlite3.Connection, table: Table) -> None:
        self._database = database
        self._columns = {each["AttributeName"]: f"key_{n}" for n, each in enumerate(table.attr)}
        self._name = _quoted(table.name)
        self.key_names = list(table.table_key_attrs)
        database.execute(f"DROP TABLE IF EXISTS {self._name}")
        database.execute(f"CREATE TABLE {self._name} ({', '.join(self._columns.values())}, item)")
        self._create_index("UNIQUE INDEX", table.name, self.key_names)
        for index in table.all_indexes():
            name = f"{table.name}/{index.name}"
            self._create_index("INDEX", name, [*index.schema_key_attrs, *self.key_names])

    def put(self, item: Item) -> None:
        """Keep an item in place of the one that has its key."""
        row = [*(_sortable(item.attrs.get(name)) for name in self._columns), _packed(item)]
        self._database.execute(f"INSERT OR REPLACE INTO {self._name} VALUES ({_marks(row)})", row)  # noqa: S608

    def get(self, *key: DynamoType) -> Item | None:
        """Return the item of a key."""
        return next(self.select(self._has_key(key)), None)

    def delete(self, *key: DynamoType) -> None:
        """Remove the item of a key."""
        where, values = self._where(self._has_key(key))
        self._database.execute(f"DELETE FROM {self._name} WHERE {where}", values)  # noqa: S608

    def select(
        self,
        conditions: Iterable[Condition],
        order: Sequence[str] = (),
        after: Sequence[DynamoType] | None = None,
        descending: bool = False,
    ) -> Iterator[Item]:
        """Yield the items that meet the conditions and have the attributes of the order, sorted by these.

        `after` has a value for each of these attributes: where the page before ended.
        """
        columns = [self._columns[name] for name in order]
        where, values = self._where(conditions)
        where += "".join(f" AND {column} NOT NULL" for column in columns)
        if after is not None:
            where += f" AND ({', '.join(columns)}) {'<' if descending else '>'} ({_marks(after)})"
            values += map(_sortable, after)
        direction = " DESC" if descending else ""
        sorting = ", ".join(f"{column}{direction}" for column in columns) or "true"
        statement = f"SELECT item FROM {self._name} WHERE {where} ORDER BY {sorting}"  # noqa: S608
        for (packed,) in self._database.execute(statement, values):
            yield self._unpacked(packed)

    def count(self) -> int:
        """Return how many items there are."""
        counting = f"SELECT count(*) FROM {self._name}"  # noqa: S608
        return int(self._database.execute(counting).fetchone()[0])

    def _create_index(self, kind: str, name: str, attributes: Iterable[str]) -> None:
        columns = ", ".join(dict.fromkeys(self._columns[attribute] for attribute in attributes))
        self._database.execute(f"CREATE {kind} {_quoted(f'by {name}')} ON {self._name} ({columns})")

    def _has_key(self, key: Sequence[DynamoType]) -> list[Condition]:
        return [(name, "=", [value]) for name, value in zip(self.key_names, key, strict=True)]

    def _where(self, conditions: Iterable[Condition]) -> tuple[str, list[bytes | None]]:
        clauses, values = ["true"], list[bytes | None]()
        for name, comparison, operands in conditions:
            clauses.append(COMPARISONS[comparison].format(self._columns[name]))
            values += map(_sortable, operands)
        return " AND ".join(clauses), values

    def _unpacked(self, packed: bytes) -> Item:
        attributes = pickle.loads(packed)  # noqa: S301 - written by _packed
        hash_key, *range_key = (attributes[name] for name in self.key_names)
        item = Item(hash_key, range_key[0] if range_key else None, {})
        # Past the check of the size, which takes long and has been made.
        dict.update(item.attrs, attributes)
        return item


class Items(MutableMapping[DynamoType, Any]):
    """A table's items as moto's `Table.items`.

    By hash key: an item, or where there is a range key too, those of the hash key by that.
    """

    def __init__(self, table: ItemTable, *hash_key: DynamoType) -> None:
        self._table = table
        self._hash_key = hash_key

    def __getitem__(self, key: DynamoType) -> Any:
        path = (*self._hash_key, key)
        if len(path) < len(self._table.key_names):
            return Items(self._table, *path)
        item = self._table.get(*path)
        if item is None:
            raise KeyError(key)
        return item

    def __setitem__(self, key: DynamoType, item: Item) -> None:
        self._table.put(item)

    def __delitem__(self, key: DynamoType) -> None:
        self._table.delete(*self._hash_key, key)

    def __iter__(self) -> Iterator[DynamoType]:
        names = self._table.key_names
        own = [(name, "=", [value]) for name, value in zip(names, self._hash_key, strict=False)]
        found = (item.attrs[names[len(own)]] for item in self._table.select(own, names))
        return iter(dict.fromkeys(found))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _packed(item: Item) -> bytes:
    return pickle.dumps(dict(item.attrs), pickle.HIGHEST_PROTOCOL)


def _sortable(value: DynamoType | None) -> bytes | None:
    """Return bytes that sort as DynamoDB sorts the value; None for what is not there or no key."""
    if value is None or value.type not in {"S", "N", "B"}:
        return None
    if value.type == "N":
        return _sortable_number(Decimal(value.value))
    return value.value if isinstance(value.value, bytes) else value.value.encode("utf-8", "surrogatepass")


def _sortable_number(number: Decimal) -> bytes:
    """Return the sign, the exponent and the digits; of what is below zero their complement."""
    sign, digits, _ = number.normalize(PRECISION).as_tuple()
    if not number:
        return b"1"
    magnitude = b"%03d" % (number.adjusted() + EXPONENT_OFFSET) + "".join(map(str, digits)).encode()
    # A number's digits end before those of one that is further off zero; ":" comes after every digit.
    return b"0" + magnitude.translate(COMPLEMENT) + b":" if sign else b"2" + magnitude


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
