#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace postrider::partners {

/// What a partner must not forget when it is restarted: one line of JSON per record, each handed to
/// the operating system before the answer goes out. For one thread.
class StateFile {
 public:
  /// An empty path keeps nothing. Throws std::runtime_error when the file cannot be opened.
  explicit StateFile(const std::string& path);

  /// The records of earlier runs, oldest first. A last line that is cut off is left out.
  const std::vector<nlohmann::json>& earlier() const { return earlier_; }

  /// Throws std::runtime_error when the record cannot be written.
  void Append(const nlohmann::json& record);

 private:
  std::string path_;
  std::vector<nlohmann::json> earlier_;
  std::ofstream out_;
};

}  // namespace postrider::partners
