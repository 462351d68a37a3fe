#include "aws/cbor.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kt::aws {
namespace {

using Kind = CborReader::Kind;
using namespace std::string_literals;
using namespace std::string_view_literals;

/// The bytes written as hex pairs: hex("83 01 02 03").
std::string hex(std::string_view digits) {
  std::string out;
  int half = -1;
  for (const char c : digits) {
    if (c == ' ')
      continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (half < 0) {
      half = value;
    } else {
      out.push_back(static_cast<char>(half << 4 | value));
      half = -1;
    }
  }
  return out;
}

std::string written_integer(std::int64_t value) {
  CborWriter writer;
  return writer.integer(value).take();
}

TEST(CborWriter, WritesTheShortestHead) {
  // Examples of RFC 8949, appendix A.
  EXPECT_EQ(written_integer(0), hex("00"));
  EXPECT_EQ(written_integer(23), hex("17"));
  EXPECT_EQ(written_integer(24), hex("18 18"));
  EXPECT_EQ(written_integer(255), hex("18 ff"));
  EXPECT_EQ(written_integer(1000), hex("19 03e8"));
  EXPECT_EQ(written_integer(1000000), hex("1a 000f4240"));
  EXPECT_EQ(written_integer(1000000000000), hex("1b 000000e8d4a51000"));
  EXPECT_EQ(written_integer(-1), hex("20"));
  EXPECT_EQ(written_integer(-1000), hex("39 03e7"));
}

TEST(CborWriter, WritesAKinesisRequest) {
  CborWriter w;
  w.map(3).text("StreamName").text("s").text("Data").bytes(as_bytes("\x01\x02"));
  w.text("Timestamp").millis(1'700'000'000'123);
  EXPECT_EQ(w.str(), hex("a3 6a 53747265616d4e616d65 61 73 64 44617461 42 0102 "
                         "69 54696d657374616d70 c1 1b 0000018bcfe5687b"));
}

TEST(CborReader, ReadsWhatTheWriterWrote) {
  CborWriter w;
  w.array(8).text("text").bytes(as_bytes("b\0c"sv)).integer(-7).unsigned_integer(UINT64_MAX);
  w.number(2.5).boolean(true).null().millis(12);
  CborReader r(w.str());
  EXPECT_EQ(r.kind(), Kind::Array);
  EXPECT_EQ(r.announced_count(), 8u);
  int at = 0;
  r.each_item([&] {
    switch (at++) {
      case 0:
        EXPECT_EQ(r.text(), "text");
        break;
      case 1:
        EXPECT_EQ(as_text(r.bytes()), "b\0c"sv);
        break;
      case 2:
        EXPECT_EQ(r.integer(), -7);
        break;
      case 3:
        EXPECT_EQ(r.unsigned_integer(), UINT64_MAX);
        break;
      case 4:
        EXPECT_EQ(r.number(), 2.5);
        break;
      case 5:
        EXPECT_TRUE(r.boolean());
        break;
      case 6:
        EXPECT_TRUE(r.take_null());
        break;
      default:
        EXPECT_EQ(r.tag(), 1u);
        EXPECT_EQ(r.integer(), 12);
    }
  });
  EXPECT_EQ(at, 8);
  EXPECT_TRUE(r.complete());
}

TEST(CborReader, ReadsFloatsOfEveryWidth) {
  EXPECT_EQ(CborReader(hex("f9 3e00")).number(), 1.5);
  EXPECT_EQ(CborReader(hex("f9 c400")).number(), -4.0);
  EXPECT_EQ(CborReader(hex("f9 0001")).number(), 5.960464477539063e-8);
  EXPECT_TRUE(std::isinf(CborReader(hex("f9 7c00")).number()));
  EXPECT_TRUE(std::isnan(CborReader(hex("f9 7e00")).number()));
  EXPECT_EQ(CborReader(hex("fa 47c35000")).number(), 100000.0);
  EXPECT_EQ(CborReader(hex("fb 3ff199999999999a")).number(), 1.1);
  EXPECT_EQ(CborReader(hex("29")).number(), -10.0);
}

TEST(CborReader, WalksItemsOfIndefiniteLength) {
  // {_ "a": 1, "b": [_ 2, 3]}
  const std::string bytes = hex("bf 61 61 01 61 62 9f 02 03 ff ff");
  CborReader r(bytes);
  std::string seen;
  r.each_entry([&](std::string_view key) {
    seen += key;
    if (key == "b")
      r.each_item([&] { seen += std::to_string(r.integer()); });
    else
      seen += std::to_string(r.integer());
  });
  EXPECT_TRUE(r.complete()) << r.fault();
  EXPECT_EQ(seen, "a1b23");
}

TEST(CborReader, SkipsWhatTheCallbackLeaves) {
  const std::string bytes =
      hex("a3 61 61 bf 61 78 9f 5f 41 00 42 0102 ff ff ff 61 62 c1 fb "
          "3ff199999999999a 61 63 05");
  CborReader r(bytes);
  std::int64_t c = 0;
  r.each_entry([&](std::string_view key) {
    if (key == "c")
      c = r.integer();
  });
  EXPECT_TRUE(r.complete()) << r.fault();
  EXPECT_EQ(c, 5);
}

TEST(CborReader, JoinsStringsThatCameInChunks) {
  const std::string one = hex("7f 62 6162 ff");
  EXPECT_EQ(CborReader(one).text(), "ab");
  const std::string two = hex("82 7f 62 6162 61 63 ff 5f 41 01 41 02 ff");
  std::vector<std::string> joined;
  CborReader r(two, &joined);
  std::vector<std::string_view> views;
  r.each_item([&] { views.push_back(r.kind() == Kind::Text ? r.text() : as_text(r.bytes())); });
  EXPECT_TRUE(r.complete()) << r.fault();
  joined.resize(100);
  EXPECT_EQ(views[0], "abc");
  EXPECT_EQ(views[1], "\x01\x02");

  CborReader without(two);
  without.each_item([&] { without.text(); });
  EXPECT_STREQ(without.fault(), "a string in several chunks");
}

TEST(CborReader, KeepsTheFirstFaultAndItsPlace) {
  const std::string bytes = hex("82 01 61");
  CborReader r(bytes);
  r.each_item([&] { r.integer(); });
  EXPECT_FALSE(r.ok());
  EXPECT_STREQ(r.fault(), "integer expected");
  r.reject("later");
  EXPECT_STREQ(r.fault(), "integer expected");
  EXPECT_EQ(r.kind(), Kind::End);
  EXPECT_EQ(r.text(), "");
  EXPECT_FALSE(r.complete());
}

TEST(CborReader, RefusesNestingPastItsBound) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '\x81') + '\0';
  };
  const std::string allowed = nested(CborReader::kDepthMax);
  CborReader good(allowed);
  good.skip();
  EXPECT_TRUE(good.complete());
  const std::string deep = nested(100'000);
  CborReader bad(deep);
  bad.skip();
  EXPECT_STREQ(bad.fault(), "nested too deeply");
}

TEST(CborReader, DoesNotBelieveAnAnnouncedCount) {
  const std::string bytes = hex("9b ffffffffffffffff 01 02");
  CborReader r(bytes);
  EXPECT_EQ(r.announced_count(), 2u);
  int items = 0;
  r.each_item([&] {
    ++items;
    r.skip();
  });
  EXPECT_FALSE(r.ok());
  EXPECT_LE(items, 3);
  const std::string string = hex("5b ffffffffffffffff 01");
  EXPECT_TRUE(CborReader(string).bytes().empty());
}

TEST(CborReader, RefusesReservedAndMisplacedHeads) {
  for (const char* bytes : {"1c", "3d", "5e", "1f", "3f", "df", "ff", "81 ff", "7f 41 00 ff",
                            "7f 7f 61 61 ff ff", "bf 01 02 ff"}) {
    const std::string raw = hex(bytes);
    CborReader r(raw);
    if (r.kind() == Kind::Map)
      r.each_entry([](std::string_view) {});
    else
      r.skip();
    EXPECT_FALSE(r.ok()) << bytes;
  }
}

TEST(CborReader, EveryPrefixOfADocumentIsRefused) {
  CborWriter w;
  w.map(2).text("Records").array(2);
  for (int i = 0; i < 2; ++i)
    w.map(2).text("Data").bytes(as_bytes("payload")).text("At").millis(1'700'000'000'123);
  w.text("Next").null();
  const std::string whole = w.str();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    // A buffer of exactly this size on the heap: a read past its end is seen by the sanitizer.
    const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CborReader r(std::string_view(exact.data(), exact.size()));
    r.skip();
    EXPECT_EQ(r.complete(), size == whole.size()) << size;
  }
}

}  // namespace
}  // namespace kt::aws
