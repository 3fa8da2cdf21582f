#include "state_file.h"

#include <stdexcept>

namespace postrider::partners {

using nlohmann::json;

StateFile::StateFile(const std::string& path) : path_(path) {
  if (path_.empty()) return;
  bool ends_in_line = true;
  std::ifstream in(path_);
  for (std::string line; std::getline(in, line);) {
    ends_in_line = !in.eof();
    json record = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object()) earlier_.push_back(std::move(record));
  }
  out_.open(path_, std::ios::app);
  if (!out_) throw std::runtime_error("cannot write the state file '" + path_ + "'");
  if (!ends_in_line) out_ << '\n';
}

void StateFile::Append(const json& record) {
  if (path_.empty()) return;
  out_ << record.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  out_.flush();
  if (!out_) throw std::runtime_error("cannot write the state file '" + path_ + "'");
}

}  // namespace postrider::partners
