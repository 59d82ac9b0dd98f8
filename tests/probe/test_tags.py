import pytest

from mcsyncd.probe.tags import find_recorded_at, find_time_reference_us, find_timecode


def test_the_first_valid_timecode_is_taken():
    tags = [{}, {"timecode": "nonsense"}, {"timecode": "01:02:03;04"}, {"timecode": "09:00:00:00"}]
    assert find_timecode(tags) == "01:02:03;04"
    assert find_timecode([{"timecode": "99:99:99:99"}]) is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"creation_time": "2019-07-24T08:25:57.000000Z"}, "2019-07-24T08:25:57.000000+00:00"),
        (
            {
                "creation_time": "2019-07-24T08:25:57.000000Z",
                "com.apple.quicktime.creationdate": "2019-07-24T11:25:40+0300",
            },
            "2019-07-24T08:25:40.000000+00:00",
        ),
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "yesterday"}, None),
        # A recorder's broadcast wave file, as FFmpeg shows it: date and time apart.
        ({"date": "2018-12-11", "creation_time": "13:34:21"}, "2018-12-11T13:34:21.000000+00:00"),
        ({"date": "2018-12-11"}, None),
        ({"date": "2018-12-11", "creation_time": "25:00:00"}, None),
        ({"creation_time": "13:34:21"}, None),
        ({"date": "2018-12-11T13:34:21"}, "2018-12-11T13:34:21.000000+00:00"),
        ({}, None),
    ],
)
def test_recording_time_is_utc_and_an_unset_clock_is_none(tags, expected):
    assert find_recorded_at([tags]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2345328000", 48_861_000_000),
        ("1", 21),
        ("0", None),
        ("", None),
        ("-5", None),
        ("12.5", None),
        ("\u0661\u0662", None),
        (str(24 * 3600 * 48_000), None),
        ("9" * 30, None),
    ],
)
def test_a_time_reference_counts_samples_since_midnight(text, expected):
    assert find_time_reference_us([{}, {"time_reference": text}], 48_000) == expected
