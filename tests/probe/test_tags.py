import pytest

from mcsyncd.probe.tags import find_recorded_at, find_timecode


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
        ({}, None),
    ],
)
def test_recording_time_is_utc_and_an_unset_clock_is_none(tags, expected):
    assert find_recorded_at([tags]) == expected
