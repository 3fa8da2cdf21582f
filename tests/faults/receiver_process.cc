#include "faults/receiver_process.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "faults/http_reply.h"

namespace postrider::test {
namespace {

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

}  // namespace

ReceiverProcess::ReceiverProcess(const std::filesystem::path& directory)
    : record_(directory / "received"),
      process_({POSTRIDER_TEST_RECEIVER, "--record", record_.string()}, directory / "receiver.out",
               directory / "receiver.err") {
  const auto said = [&] { return ReadFile(directory / "receiver.out"); };
  if (!Eventually([&] { return said().find('\n') != std::string::npos; })) {
    throw std::runtime_error("the receiver does not start: " +
                             ReadFile(directory / "receiver.err"));
  }
  const std::string line = said();
  address_ = line.substr(0, line.find('\n'));
}

void ReceiverProcess::Control(const std::string& behaviour) const {
  const HttpReply reply = Post(address_, "/_control", behaviour);
  if (reply.status != 200) throw std::runtime_error("the receiver refuses: " + reply.body);
}

std::uint64_t ReceiverProcess::Count() const {
  return nlohmann::json::parse(Get(address_, "/_count").body).at("count").get<std::uint64_t>();
}

std::vector<Arrival> ReceiverProcess::Arrivals() const {
  static_cast<void>(Count());  // after which all of them are in the file
  std::vector<Arrival> arrivals;
  std::istringstream record(ReadFile(record_));
  for (std::string line; std::getline(record, line);) {
    const auto fields = Fields(line);
    if (fields.size() != 6) throw std::runtime_error("not a record: " + line);
    arrivals.push_back({std::stoll(fields[0]), std::stoll(fields[1]), fields[2],
                        std::stoi(fields[3]), std::stoi(fields[4]), fields[5]});
  }
  return arrivals;
}

}  // namespace postrider::test
