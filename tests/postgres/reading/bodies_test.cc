#include "postrider/postgres/postgres_backlog_store.h"
#include "reading_fixture.h"

namespace postrider::test {
namespace {

class BodiesTest : public ReadingTest {
 protected:
  /// Inserts one event with these columns and reads it back by a poll.
  EventRef Read(const std::string& columns, const std::string& values) {
    const TailRequest request = Tail(log_.Start()).NextRequest(10);
    admin_.Execute(
        "test", "INSERT INTO outbox.event (topic, " + columns + ") VALUES ('t', " + values + ")");
    const TailPage page = log_.Poll(request);
    EXPECT_EQ(page.fresh.size(), 1u);
    return page.fresh.empty() ? std::make_shared<Event>() : page.fresh[0];
  }

  EventRef Load(const Event& event) {
    return PostgresBacklogStore(session_).LoadBody({kDestination, 0}, event.identity);
  }
};

TEST_F(BodiesTest, KeepsThePayloadByteForByte) {
  const std::string payload = "  {\"b\":1, \"a\" : 2,\"a\":\"\\u00e9 é \\\\ '' 🚚\\n\"}\n";
  const EventRef event = Read("payload", "'" + payload + "'");
  std::string expected = payload;
  expected.erase(expected.find("''"), 1);
  EXPECT_EQ(event->body, expected);
  EXPECT_TRUE(event->body_is_payload);
  EXPECT_EQ(event->body_bytes, expected.size());
  EXPECT_FALSE(event->body_deferred);
}

TEST_F(BodiesTest, KeepsBytesWithNuls) {
  const EventRef event =
      Read("body, content_type", R"('\x00ff4100270a80'::bytea, 'application/octet-stream')");
  EXPECT_EQ(event->body, std::string("\x00\xff\x41\x00\x27\x0a\x80", 7));
  EXPECT_FALSE(event->body_is_payload);
  EXPECT_EQ(event->content_type, "application/octet-stream");
}

TEST_F(BodiesTest, AnEmptyBodyIsNotDeferred) {
  const EventRef none = Read("key", "'k'");
  EXPECT_EQ(none->body, "");
  EXPECT_FALSE(none->body_deferred);
  const EventRef empty = Read("body, content_type", "''::bytea, 'text/plain'");
  EXPECT_EQ(empty->body_bytes, 0u);
  EXPECT_FALSE(empty->body_deferred);
}

TEST_F(BodiesTest, DefersALargePayloadAndLoadsItAlone) {
  constexpr std::size_t kSize = 20'000'000;
  const EventRef event =
      Read("payload", "'\"' || repeat('x', " + std::to_string(kSize - 2) + ") || '\"'");
  EXPECT_TRUE(event->body_deferred);
  EXPECT_EQ(event->body, "");
  EXPECT_EQ(event->body_bytes, kSize);
  const EventRef loaded = Load(*event);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->body.size(), kSize);
  EXPECT_FALSE(loaded->body_deferred);
  EXPECT_TRUE(loaded->body_is_payload);
  EXPECT_EQ(loaded->identity, event->identity);
}

TEST_F(BodiesTest, DefersLargeBytesAndLoadsThemAlone) {
  const EventRef event = Read("body", R"(decode(repeat('00ff', 10000000), 'hex'))");
  EXPECT_TRUE(event->body_deferred);
  EXPECT_EQ(event->body_bytes, 20'000'000u);
  const EventRef loaded = Load(*event);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->body.size(), 20'000'000u);
  EXPECT_EQ(loaded->body.substr(19'999'996), std::string("\x00\xff\x00\xff", 4));
}

TEST_F(BodiesTest, LoadsNothingForAnEventOfAnotherHistory) {
  EventIdentity identity = Read("payload", "'1'")->identity;
  identity.recorded_at += microseconds(1);
  Event stranger;
  stranger.identity = identity;
  EXPECT_EQ(Load(stranger), nullptr);
}

TEST_F(BodiesTest, ReadsEveryColumn) {
  const EventRef event = Read(
      "key, payload, headers, cause_id, deliver_after, deliver_before",
      R"('k', '{}', '{"traceparent": "00-ab"}', 7, '2031-02-03 04:05:06.000007+00', '2031-03-01+00')");
  using namespace std::chrono;
  EXPECT_EQ(event->key, "k");
  EXPECT_EQ(event->headers, R"({"traceparent": "00-ab"})");
  EXPECT_EQ(event->cause_id, 7);
  EXPECT_EQ(event->deliver_after,
            Timestamp(sys_days(2031y / 2 / 3)) + 4h + 5min + 6s + microseconds(7));
  EXPECT_EQ(event->deliver_before, Timestamp(sys_days(2031y / 3 / 1)));
  EXPECT_EQ(event->slot, Number(admin_, "SELECT outbox.slot('k', 0)"));
}

TEST_F(BodiesTest, TimesBeyondReckoningAreNeverOrAlways) {
  EXPECT_EQ(Read("deliver_after", "'infinity'")->deliver_after, kNever);
  EXPECT_EQ(Read("deliver_after", "'-infinity'")->deliver_after, Timestamp::min());
  EXPECT_EQ(Read("deliver_after", "'20260-01-01+00'")->deliver_after, kNever);
  EXPECT_EQ(Read("deliver_after", "'294276-01-01+00'")->deliver_after, kNever);
  EXPECT_EQ(Read("deliver_after", "'0044-03-15 12:00:00+00 BC'")->deliver_after, Timestamp::min());
}

}  // namespace
}  // namespace postrider::test
