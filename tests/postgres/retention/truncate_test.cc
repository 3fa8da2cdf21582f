#include "postgres/retention/retention_fixture.h"

namespace postrider::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What happens between the audit of a bucket and its end.
class RetentionTruncateTest : public RetentionTest {
 protected:
  RetentionTruncateTest() : other_(database_.Conninfo()) {
    const EventId event = Old();
    Deliver(event);
    CloseUpTo(1000);
  }
  void InsertInto(Connection& connection) {
    connection.Execute("test",
                       "INSERT INTO outbox.event (bucket, recorded_at, topic) VALUES (3, now() - "
                       "interval '10 days', 't')");
  }
  /// The audit was clear, and yet the bucket stays; the next audit sees why.
  void ExpectItStays(const BucketAudit& audit, Truncation why) {
    ASSERT_TRUE(audit.clear());
    EXPECT_EQ(retention_.Truncate(audit), why);
    EXPECT_FALSE(BucketIsEmpty());
  }

  Connection other_;
};

TEST_F(RetentionTruncateTest, AnOpenWriterKeepsItsBucket) {
  other_.Execute("test", "BEGIN");
  InsertInto(other_);
  const BucketAudit audit = Audit();
  ExpectItStays(audit, Truncation::kLocked);
  EXPECT_THAT(retention_.LockHolder(kBucket), HasSubstr("process "));
  other_.Execute("test", "COMMIT");
  EXPECT_THAT(retention_.LockHolder(kBucket), IsEmpty());
  ExpectItStays(audit, Truncation::kChanged);
  EXPECT_EQ(Audit().found.at(lane_.destination), 1);
}

TEST_F(RetentionTruncateTest, AReaderIsNotWaitedForEither) {
  other_.Execute("test", "BEGIN");
  other_.Execute("test", "SELECT FROM outbox.event");
  ExpectItStays(Audit(), Truncation::kLocked);
  other_.Execute("test", "COMMIT");
  EXPECT_EQ(retention_.Truncate(Audit()), Truncation::kTruncated);
}

TEST_F(RetentionTruncateTest, AnEventThatTheAuditCouldNotSeeKeepsIt) {
  const BucketAudit audit = Audit();
  InsertInto(other_);
  ExpectItStays(audit, Truncation::kChanged);
}

TEST_F(RetentionTruncateTest, AnEventOfATransactionOlderThanTheAuditKeepsItToo) {
  Connection writer(database_.Conninfo());
  writer.Execute("test", "BEGIN");
  writer.Execute("test", "SELECT pg_current_xact_id()");
  const BucketAudit audit = Audit();
  InsertInto(writer);
  writer.Execute("test", "COMMIT");
  ExpectItStays(audit, Truncation::kChanged);
}

TEST_F(RetentionTruncateTest, ARowOfTheBacklogThatCameSinceKeepsIt) {
  const BucketAudit audit = Audit();
  other_.Execute(
      "test",
      "DELETE FROM outbox.outcome; INSERT INTO outbox.backlog (event_id, destination_id, "
      "slot, waiting_for, due_at, bucket, event_xid, recorded_at, topic) SELECT id, 1, 0, "
      "4, now(), bucket, xid, recorded_at, topic FROM outbox.event_3");
  EXPECT_EQ(retention_.Truncate(audit), Truncation::kChanged);
  const BucketAudit next = Audit();
  EXPECT_EQ(next.copied, 1);
  EXPECT_EQ(retention_.Truncate(next), Truncation::kTruncated);
}

TEST_F(RetentionTruncateTest, ARegistrationSinceKeepsIt) {
  const BucketAudit audit = Audit();
  DestinationSettings late;
  late.name = "late";
  late.topics = {"*"};
  late.start = StartAt::kBeginning;
  roster_.Register({late}, "another");
  ExpectItStays(audit, Truncation::kChanged);
  EXPECT_FALSE(Audit().clear());
}

TEST_F(RetentionTruncateTest, ACrashSinceKeepsIt) {
  const BucketAudit audit = Audit();
  other_.Execute("test", "UPDATE outbox.canary SET id = gen_random_uuid()");
  ExpectItStays(audit, Truncation::kChanged);
}

TEST_F(RetentionTruncateTest, NothingIsEmptiedWithoutACanary) {
  other_.Execute("test", "DELETE FROM outbox.canary");
  ExpectItStays(Audit(), Truncation::kChanged);
}

TEST_F(RetentionTruncateTest, OutcomesThatCameAfterTheirEventsWentGoLater) {
  EXPECT_EQ(retention_.Truncate(Audit()), Truncation::kTruncated);
  Ask("INSERT INTO outbox.outcome (event_id, finished_at, destination_id, bucket, state) VALUES "
      "(1, "
      "now() - interval '4 days', 1, 3, 1)");
  EXPECT_EQ(retention_.Truncate(Audit()), Truncation::kTruncated);
  EXPECT_TRUE(BucketIsEmpty());
}

TEST_F(RetentionTruncateTest, TheRelaysRoleMayDoAllOfIt) {
  Ask("DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN IN ROLE outbox_relay");
  Connection keeper(database_.Conninfo("keeper"));
  PostgresRetention retention(keeper, RetentionSettings{}, UnroutedSettings{}, {});
  retention.NoteRules();
  const EventId lost = Old();
  const BucketAudit audit = retention.Audit(retention.FindOld().at(0), {});
  EXPECT_EQ(audit.found.at(lane_.destination), 1);
  EXPECT_EQ(retention.LockHolder(kBucket), "");
  EXPECT_EQ(retention.Truncate(audit), Truncation::kTruncated);
  EXPECT_EQ(Load(lost).size(), 1U);
  Record({Dead(NewEvent())});
  Ask("UPDATE outbox.dead_letter SET died_at = now() - interval '91 days'");
  EXPECT_EQ(retention.ExpireDeadLetters(), 1);
  EXPECT_EQ(retention.Sweep(), 0);
  PostgresRoster(keeper, milliseconds(5000)).ReadInstallation();
  keeper.Execute("test", "SELECT * FROM outbox.adopt('resume')");
}

TEST(RetentionPreparedTest, APreparedTransactionKeepsItsBucket) {
  PostgresServer server({.config = {"max_prepared_transactions = 2"}});
  TestDatabase database(server);
  Connection session(database.Conninfo());
  session.Execute("test", "INSERT INTO outbox.canary (id) VALUES (gen_random_uuid())");
  const std::string insert =
      "INSERT INTO outbox.event (bucket, recorded_at, topic) VALUES (3, now() - interval '10 "
      "days', "
      "'t')";
  UnroutedSettings ignore;
  ignore.dead = false;
  PostgresRetention retention(session, RetentionSettings{}, ignore, {});
  session.Execute("test", insert);
  session.Execute("test", "BEGIN");
  session.Execute("test", insert);
  session.Execute("test", "PREPARE TRANSACTION 'forgotten'");
  const BucketAudit audit = retention.Audit(retention.FindOld().at(0), {});
  ASSERT_TRUE(audit.clear());
  EXPECT_EQ(retention.Truncate(audit), Truncation::kLocked);
  EXPECT_THAT(retention.LockHolder(3), HasSubstr("prepared transaction forgotten"));
  session.Execute("test", "COMMIT PREPARED 'forgotten'");
  EXPECT_EQ(retention.Truncate(audit), Truncation::kChanged);
  EXPECT_EQ(retention.Truncate(retention.Audit(retention.FindOld().at(0), {})),
            Truncation::kTruncated);
}

}  // namespace
}  // namespace postrider::test
