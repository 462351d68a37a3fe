import unittest

import app
from spin_kinesis_sdk.testing import call, record


class Handle(unittest.TestCase):
    def test_a_record_that_is_no_text_comes_again(self):
        self.assertEqual(call(app.handle, [record("an order"), record(b"\xff")]).failed_from, 1)
