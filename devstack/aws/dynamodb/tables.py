"""moto's DynamoDB with its items in SQLite, so that it bears days of use.

moto looks at all items of a table for each query, and copies whole tables for each transaction. What is
answered and what is refused stays moto's.
"""

import inspect
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, Table

from devstack.aws.dynamodb.items import Condition, Items, ItemTable, open_database
from devstack.aws.dynamodb.streams import RecentRecords

QUERY = inspect.signature(Table.query)


class LocalDynamoDB(DynamoDBBackend):
    """All tables of a region; one thread at a time may use them."""

    __module__ = DynamoDBBackend.__module__  # where moto looks for a service's addresses

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._database = open_database()

    def create_table(self, name: str, *arguments: Any, **named: Any) -> Table:
        """Create a table."""
        made = super().create_table(name, *arguments, **named)
        self.tables[name] = LocalTable(made, self._database)  # type: ignore[abstract]  # as moto's own is
        return self.tables[name]

    def update_item(self, table_name: str, *arguments: Any, **named: Any) -> Item:
        """Change an item, and keep what moto made of the one that it read."""
        with self._all_or_nothing():
            item = super().update_item(table_name, *arguments, **named)
            cast("LocalTable", self.get_table(table_name)).rows.put(item)
        return item

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """Make all the writes or none."""
        with self._all_or_nothing():
            super().transact_write_items(transact_items)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        streams = [table.stream_shard for table in self.tables.values() if table.stream_shard]
        ends = [shard.starting_sequence_number + len(shard.items) for shard in streams]
        self._database.execute("SAVEPOINT before")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK TO before")
            for shard, end in zip(streams, ends, strict=True):
                del shard.items[end - shard.starting_sequence_number :]
            raise
        finally:
            self._database.execute("RELEASE before")


class LocalTable(Table):
    """A table with its items in SQLite."""

    def __init__(self, table: Table, database: sqlite3.Connection) -> None:
        """Take over a table that moto has just made."""
        vars(self).update(vars(table))
        self.rows = ItemTable(database, self)
        vars(self)["items"] = Items(self.rows)
        self._indexes_at_first = {None, *(index.name for index in self.all_indexes())}
        self._keep_recent_records()

    def __deepcopy__(self, memo: dict[int, Any]) -> "LocalTable":
        """Return this very table: moto copies it to undo a transaction, which SQLite does here."""
        return self

    def __len__(self) -> int:
        return self.rows.count()

    def set_stream_specification(self, streams: dict[str, Any] | None) -> None:
        """Switch the stream on or off."""
        super().set_stream_specification(streams)
        self._keep_recent_records()

    def _keep_recent_records(self) -> None:
        if self.stream_shard is not None:
            self.stream_shard = RecentRecords(self.account_id, self)

    def all_items(self) -> list[Item]:
        """Return every item, in the order of the keys."""
        return list(self.rows.select([], self.table_key_attrs))

    def query(self, *arguments: Any, **named: Any) -> tuple[list[Item], int, dict[str, Any] | None]:
        """Let moto answer from the items of the page that is asked for, as if there were no others."""
        asked = QUERY.bind(self, *arguments, **named).arguments
        if asked.get("filter_kwargs") or asked.get("index_name") not in self._indexes_at_first:
            return super().query(*arguments, **named)
        page = Page(self, self._page(asked))  # type: ignore[abstract]
        return page.query(*arguments, **named)

    def _page(self, asked: Mapping[str, Any]) -> list[Item]:
        """Return what a page can hold, and the item after it by which moto sees that there is more."""
        equal: list[Condition] = [(name, "=", [value]) for name, value in asked["hash_key_conditions"]]
        index = asked.get("index_name")
        keys = [*(self.get_index(index).schema_key_attrs if index else ()), *self.table_key_attrs]
        order = list(dict.fromkeys(keys))
        start = asked["exclusive_start_key"]
        after = [DynamoType(start[name]) for name in order] if start else None
        conditions = [*equal, *asked["range_key_conditions"]]
        is_descending = asked["scan_index_forward"] is False
        items: list[Item] = []
        size_left = RESULT_SIZE_LIMIT
        for item in self.rows.select(conditions, order, after, is_descending):
            items.append(item)
            size_left -= item.size()
            if size_left < 0 or len(items) - 1 == asked["limit"]:
                break
        return items


class Page(Table):
    """A table that seems to hold a few items only."""

    def __init__(self, table: Table, items: Sequence[Item]) -> None:
        vars(self).update(vars(table))
        self._page = list(items)

    def all_items(self) -> list[Item]:
        """Return the few."""
        return self._page
