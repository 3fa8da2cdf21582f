#include "schema_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;

/// One bad row, and the constraint that refuses it.
struct BadRow {
  std::string columns;
  std::string values;
  std::string constraint;
};

void PrintTo(const BadRow& row, std::ostream* out) { *out << row.columns << " = " << row.values; }

/// One database for all rows: nothing is ever inserted.
class ConstraintsTest : public testing::TestWithParam<BadRow> {
 protected:
  static void SetUpTestSuite() { database_ = std::make_unique<TestDatabase>(); }
  static void TearDownTestSuite() { database_.reset(); }
  static std::unique_ptr<TestDatabase> database_;
};
std::unique_ptr<TestDatabase> ConstraintsTest::database_;

TEST_P(ConstraintsTest, NamesTheConstraint) {
  Connection producer(database_->Conninfo(Login(database_->server(), "outbox_producer")));
  const std::string said = Refusal(producer, "INSERT INTO outbox.event (" + GetParam().columns +
                                                 ") VALUES (" + GetParam().values + ")");
  EXPECT_THAT(said, HasSubstr(GetParam().constraint));
  EXPECT_THAT(said, HasSubstr("\"event"));
}

const std::string kTopic = "topic_is_1_to_200_of_letters_digits_and_dots";
const std::string kKey = "key_is_1_to_500_characters";
const std::string kMedia = "content_type_is_a_media_type";
const std::string kHeaders = "headers_are_a_json_object_of_allowed_strings";
const std::string kDedup = "dedup_key_is_1_to_500_characters";

std::vector<BadRow> HeaderRows() {
  std::vector<BadRow> rows;
  for (const std::string name :
       {"Host", "authorization", "COOKIE", "Content-Length", "Transfer-Encoding", "Connection",
        "Idempotency-Key", "Webhook-Id", "postrider-event", "a b", "", "a:b", "ä"}) {
    rows.push_back({"topic, headers", "'t', '{\"" + name + "\": \"x\"}'", kHeaders});
  }
  for (const std::string text :
       {"[]", "\"a\"", "{\"a\": 1}", "{\"a\": null}", "{\"a\": {}}", "{", "{\"a\": \"x\\ny\"}",
        "{\"a\": \"\\r\"}", "{\"a\": \"\\u0000\"}"}) {
    rows.push_back({"topic, headers", "'t', '" + text + "'", kHeaders});
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Headers, ConstraintsTest, testing::ValuesIn(HeaderRows()));

INSTANTIATE_TEST_SUITE_P(
    Columns, ConstraintsTest,
    testing::Values(BadRow{"topic", "NULL", "\"topic\""}, BadRow{"topic", "''", kTopic},
                    BadRow{"topic", "'.a'", kTopic}, BadRow{"topic", "'a b'", kTopic},
                    BadRow{"topic", "E'a\\n'", kTopic}, BadRow{"topic", "'ä'", kTopic},
                    BadRow{"topic", "repeat('a', 201)", kTopic},
                    BadRow{"topic, key", "'t', ''", kKey},
                    BadRow{"topic, key", "'t', repeat('k', 501)", kKey},
                    BadRow{"topic, payload", "'t', ''", "payload_is_json"},
                    BadRow{"topic, payload", "'t', '{\"a\":}'", "payload_is_json"},
                    BadRow{"topic, payload", "'t', 'nope'", "payload_is_json"},
                    BadRow{"topic, payload, body", "'t', '{}', 'x'", "payload_or_body_not_both"},
                    BadRow{"topic, content_type", "'t', 'text/plain'", "content_type_needs_body"},
                    BadRow{"topic, body, content_type", "'t', 'x', 'plain'", kMedia},
                    BadRow{"topic, body, content_type", "'t', 'x', E'text/plain;\\r\\nX: y'",
                           kMedia},
                    BadRow{"topic, dedup_key", "'t', ''", kDedup},
                    BadRow{"topic, dedup_key", "'t', repeat('ä', 501)", kDedup},
                    BadRow{"topic, dedup_key", "'t', repeat(md5('a'), 1000)", kDedup},
                    BadRow{"topic, dedup_key", "NULL, 'd'", "\"topic\""},
                    BadRow{"topic, dedup_key", "'', 'd'", kTopic},
                    BadRow{"topic, deliver_after, deliver_before", "'t', now(), now()",
                           "deliver_before_is_later_than_deliver_after"}));

TEST(ConstraintsEdgeTest, TheLongestIsTaken) {
  TestDatabase database;
  Connection producer(database.Conninfo(Login(database.server(), "outbox_producer")));
  producer.Execute("test",
                   "INSERT INTO outbox.event (topic, key, dedup_key, payload, headers) "
                   "SELECT repeat('a', 200), repeat('ä', 500), string_agg(chr(19968 + n), ''), "
                   "'\"\\u0000\"', '{\"traceparent\": \"00-a\", \"X\": \"\\t~\"}' "
                   "FROM generate_series(1, 500) n");
  Connection admin(database.Conninfo());
  EXPECT_EQ(One(admin, "SELECT count(*) FROM outbox.dedup"), "1");
}

}  // namespace
}  // namespace postrider::test
