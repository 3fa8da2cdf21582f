#pragma once

#include <set>
#include <string>
#include <vector>

#include "node.h"
#include "postrider/config/load.h"

namespace postrider {

/// Gathers what is wrong in one file. What is said twice (of an alias, say) is kept once, and no
/// more than 1,000 errors and warnings each are kept.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void Error(Place place, std::string path, std::string message);
  void Warning(Place place, std::string path, std::string message);

  /// Whether an error was reported for this path or for something inside it.
  bool HasErrorAt(const std::string& path) const;

  ConfigError At(Place place, std::string path) const;

  /// Sorted by position.
  std::vector<ConfigError> Errors() const { return Sorted(errors_); }
  std::vector<ConfigError> Warnings() const { return Sorted(warnings_); }

 private:
  static std::vector<ConfigError> Sorted(std::vector<ConfigError> findings);
  static void Add(std::vector<ConfigError>& findings, ConfigError finding);

  std::string file_;
  std::vector<ConfigError> errors_;
  std::vector<ConfigError> warnings_;
  std::set<std::string> paths_;
};

}  // namespace postrider
