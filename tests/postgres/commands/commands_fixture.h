#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "postgres/schema/schema_fixture.h"

namespace postrider::test {

struct CommandOutcome {
  int exit_code = 0;
  std::string out;
  std::string err;

  /// Standard output as JSON; fails the test when it is none.
  nlohmann::json Json() const;
};

/// A migrated database, a configuration that names it (and a partner's secret that is not there),
/// and the program's command line with no terminal.
class CommandsTest : public SchemaTest {
 protected:
  CommandsTest();
  ~CommandsTest() override;

  /// Runs `postrider WORDS -c CONFIGURATION` in this process.
  CommandOutcome Run(std::vector<std::string> words);
  /// The same without -c.
  static CommandOutcome RunBare(const std::vector<std::string>& words);

  /// Writes a file into the directory of this test; returns its path.
  std::string Write(const std::string& name, const std::string& text) const;
  /// A configuration that connects with `conninfo`, written as `name`; returns its path.
  std::string WriteConfiguration(const std::string& name, const std::string& conninfo) const;

  std::filesystem::path directory_;
  std::string configuration_;
};

}  // namespace postrider::test
