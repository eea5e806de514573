"""How a session is resumed: by the agent that it is from, in the directory that it ran in.

Strategy: an import keeps the tag of the agent, and the agent's own id of the session where that is not the id
in the store.  Both, and the directory, come from a file: the command is a list of words that no shell sees,
the program is found on the PATH before the directory is entered, and an id that could be an option is
refused.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from agcx_format import ConversationContext, SessionMetadata
from agcx_format.disk import os_reason
from agcx_format.importing import OWN_AGENT, agent_of
from agcx_format.subagents import parent_of
from agcx_format.variables import OWN_ID
from agcx_tui.core.local.clipboard import as_bytes
from agcx_tui.core.local.programs import run_to_end

__all__ = ["Resume", "obstacle", "resume_of", "run"]

# The tag of each agent, and the words before the id of a session in its own command.
_COMMANDS = {
    "claude-code": ("claude", "--resume"),
    "codex": ("codex", "resume"),
    "copilot": ("copilot", "--resume"),
    "cursor": ("cursor-agent", "--resume"),
    "factory-droid": ("droid", "--resume"),
    "gemini": ("gemini", "--resume"),
    "kimi": ("kimi", "--session"),
    "opencode": ("opencode", "--session"),
    "pi": ("pi", "--session"),
    "qwen": ("qwen", "--resume"),
}
# The version of the ids that imports derive from those of agents that use no UUIDs.
_DERIVED = 5
_is_id = re.compile(r"\w[\w.-]{0,199}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Resume:
    """The words of a command and where to run it; if there is no command, `problem` says why."""

    words: tuple[str, ...] = ()
    directory: str = ""
    problem: str = ""

    @property
    def typed(self) -> str:
        """The command as one types it, safe to paste: `cd /src/site && codex resume 5af40c88-…`."""
        command = shlex.join(self.words)
        return f"cd {_quoted(self.directory)} && {command}" if self.directory else command


def resume_of(metadata: SessionMetadata, context: ConversationContext) -> Resume:
    """The command that resumes a session, or why it cannot be resumed."""
    agent = agent_of(metadata.tags)
    if parent_of(metadata.tags) is not None:
        return Resume(problem="A subagent cannot be resumed, only the session that started it.")
    if agent == OWN_AGENT:
        return Resume(problem="AGCodex has no command that resumes a session.")
    if agent not in _COMMANDS:
        return Resume(problem=f"agcx knows no command that resumes a session in {agent}.")
    environment: Mapping[str, str] = context.environment_variables
    given = environment.get(OWN_ID, "")
    if not given and metadata.id.version == _DERIVED:
        return Resume(problem="The agent's id for this session was not kept; import it again.")
    id = given or str(metadata.id)
    if not _is_id(id):
        return Resume(problem="The agent's id for this session is not valid.")
    directory = context.working_directory
    return Resume((*_COMMANDS[agent], id), directory if os.path.isabs(directory) else "")


def _quoted(word: str) -> str:
    """A word for a shell.  A control character would be obeyed where it is pasted, even in quotes."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(f"\\x{byte:02x}" for byte in as_bytes(word)) + "'"


def obstacle(resume: Resume, environment: Mapping[str, str]) -> str:
    """Why the command cannot run here, in words; empty if it can.  May block."""
    if resume.problem:
        return resume.problem
    if not resume.directory:
        return "The session does not record its directory."
    if not os.path.isdir(resume.directory):
        return f"Its directory is gone: {resume.directory}"
    if _program(resume, environment) is None:
        return f"{resume.words[0]} is not installed: it is not on the PATH."
    return ""


def _program(resume: Resume, environment: Mapping[str, str]) -> str | None:
    """The full path of the program; the current directory is not searched."""
    places = filter(os.path.isabs, environment.get("PATH", "").split(os.pathsep))
    return shutil.which(resume.words[0], path=os.pathsep.join(places))


def run(resume: Resume, environment: Mapping[str, str]) -> str:
    """Run the command until it ends; returns what went wrong, or an empty text."""
    name, *others = resume.words
    program = _program(resume, environment)
    # Ctrl+C is for the agent, which has the terminal; a handler, unlike a signal that is ignored, is not
    # passed on to it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = run_to_end([program or name, *others], resume.directory)
    except OSError as cause:
        return f"{name}: {os_reason(cause)}"
    finally:
        signal.signal(signal.SIGINT, before)
    return f"{name} exited with status {code}." if code else ""
