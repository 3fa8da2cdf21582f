#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "commands_fixture.h"

namespace postrider::test {
namespace {

using testing::HasSubstr;

class ExportingDeadLettersTest : public CommandsTest {
 protected:
  ExportingDeadLettersTest() : cj_(AddDestination("cj")) {}

  static std::vector<nlohmann::json> Lines(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      lines.push_back(nlohmann::json::parse(line));
    }
    return lines;
  }
  static std::string Content(const std::filesystem::path& path) {
    std::ostringstream content;
    content << std::ifstream(path).rdbuf();
    return content.str();
  }

  const std::string cj_;
};

TEST_F(ExportingDeadLettersTest, WritesWholeLettersAsLines) {
  Die(AddEvent("t", "order-1"), cj_);
  Die(AddEvent("t", "order-2"), cj_, "exhausted");
  const auto outcome = Run({"dead", "export"});
  EXPECT_EQ(outcome.exit_code, 0);
  const auto lines = Lines(outcome.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["key"], "order-1");
  EXPECT_EQ(lines[0]["payload"], R"({"n": 1})");
  EXPECT_EQ(lines[1]["reason"], "exhausted");
  EXPECT_EQ(Lines(Run({"dead", "export", "--reason", "exhausted"}).out).size(), 1U);
}

TEST_F(ExportingDeadLettersTest, ReadsPageByPage) {
  admin_.Execute("test",
                 "INSERT INTO outbox.dead_letter (event_id, destination_id, reason, died_at, slot, "
                 "bucket, event_xid, recorded_at, topic) SELECT n, " +
                     cj_ +
                     ", 'refused', now(), 0, 0, '1', now(), 't' FROM generate_series(1, 450) n");
  EXPECT_EQ(Lines(Run({"dead", "export"}).out).size(), 450U);
  const auto some = Lines(Run({"dead", "export", "--limit", "201"}).out);
  ASSERT_EQ(some.size(), 201U);
  EXPECT_EQ(some.back()["event_id"], 201);
}

TEST_F(ExportingDeadLettersTest, AFileIsForItsOwnerAlone) {
  Die(AddEvent("t", "order-1"), cj_);
  const auto path = directory_ / "letters.jsonl";
  const auto outcome = Run({"dead", "export", "--output", path.string()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("wrote 1 dead letter to"));
  EXPECT_EQ(Lines(Content(path)).size(), 1U);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ExportingDeadLettersTest, WhatCannotBeWrittenSaysWhy) {
  Die(AddEvent("t", "order-1"), cj_);
  const auto outcome =
      Run({"dead", "export", "--output", (directory_ / "nowhere" / "file").string()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("No such file or directory"));
}

TEST_F(ExportingDeadLettersTest, NothingToExportLeavesTheFileAlone) {
  const auto path = Write("letters.jsonl", "before");
  EXPECT_EQ(Run({"dead", "export", "--key", "nobody", "--output", path}).exit_code, 3);
  EXPECT_EQ(Content(path), "before");
}

TEST_F(ExportingDeadLettersTest, ViewersMayNotExportPayloads) {
  Die(AddEvent("t", "order-1"), cj_);
  configuration_ = WriteConfiguration(
      "viewer.yaml", database_.Conninfo(Login(database_.server(), "outbox_viewer")));
  const auto outcome = Run({"dead", "export"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("outbox_operator"));
}

}  // namespace
}  // namespace postrider::test
