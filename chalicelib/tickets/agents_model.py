"""The model as agents use it: paid from the stage's daily budget, and given up in time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.chat.limits import Admission, Limits
from chalicelib.chat.spending import Spending
from chalicelib.domain.conversation import Prompt, Reply
from chalicelib.domain.protocols import CountCost, LanguageModel
from chalicelib.errors import ModelUnavailable, Unavailable
from chalicelib.parallel import Deadline, Parallel, Threads

if TYPE_CHECKING:
    from chalicelib.logs import TicketLogger


@dataclass(frozen=True)
class AgentsModel:
    """Writes for agents, one model call each."""

    model: LanguageModel
    limits: Limits
    spending: Spending
    threads: Threads
    count_cost: CountCost
    log: "TicketLogger"
    store_seconds: float = 3.0

    def calls(self) -> Parallel:
        """Return what lookups run in beside the model."""
        return Parallel(self.threads.calls, self.log.degraded)

    def admit(self, author: str, question: str) -> Admission:
        """Reserve what an agent's question usually costs. Raises BudgetReached."""
        return self.limits.admit(f"agent#{author}", self.spending.expected(question, has_past=True))

    def ask(self, prompt: Prompt, deadline: Deadline) -> Reply:
        """Return the model's reply, with time left to store it. Raises ModelUnavailable."""
        call = Parallel(self.threads.model, self.log.degraded).start("model", self.model.reply, prompt)
        try:
            return call.result(deadline.remaining_seconds(reserved_seconds=self.store_seconds))
        except Unavailable as error:
            # What was reserved stays counted: Bedrock may have answered all the same, and too late.
            if isinstance(error, ModelUnavailable):
                raise
            raise ModelUnavailable from error

    def count(
        self, admission: Admission, question: str, reply: Reply, calls: Parallel, searches: int = 0
    ) -> None:
        """Count what a reply and so many searches for it did cost, in place of what was reserved."""
        deadline = Deadline(self.store_seconds)
        spent = self.spending.for_agent(question, reply.text, reply.usage, searches)
        settling = calls.start("storage", self.limits.settle, admission, spent)
        counting = calls.start("storage", self.count_cost, spent.features, reply.model, reply.usage)
        calls.settle(settling, None, deadline)
        calls.finish(counting, deadline)
