import io

from mcsyncd.demo.progress_printer import ProgressPrinter


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_without_a_terminal_a_step_is_told_once_and_then_every_ten_seconds():
    out, clock = io.StringIO(), Clock()
    teller = ProgressPrinter(out, clock, terminal=False)
    for tenth in range(250):
        clock.now = tenth / 10
        teller.print_progress("conform", tenth / 250, 75 - tenth / 10)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "  conform    0%  1:15 left"
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_one_line_is_rewritten_and_a_line_that_stays_begins_anew():
    out = io.StringIO()
    teller = ProgressPrinter(out, Clock(), terminal=True)
    teller.print_progress("hash", 0.5)
    teller.print_progress("hash", 0.6)
    teller.print_line("done")
    assert out.getvalue() == "\r\x1b[K  hash   50%\r\x1b[K  hash   60%\ndone\n"


def test_a_name_cannot_steer_the_terminal():
    out = io.StringIO()
    ProgressPrinter(out, Clock(), terminal=True).print_progress("hash \x1b]0;owned\x07.mov")
    assert "\x1b]" not in out.getvalue()
