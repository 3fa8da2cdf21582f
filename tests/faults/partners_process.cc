#include "faults/partners_process.h"

#include <stdexcept>

#include "faults/http_reply.h"

namespace postrider::test {
namespace {

std::vector<std::string> CommandLine(const std::vector<std::string>& flags) {
  std::vector<std::string> line{POSTRIDER_PARTNERS};
  line.insert(line.end(), flags.begin(), flags.end());
  return line;
}

}  // namespace

PartnersProcess::PartnersProcess(const std::filesystem::path& directory,
                                 const std::vector<std::string>& flags)
    : process_(CommandLine(flags), directory / "partners.out", directory / "partners.err") {
  const auto said = [&] { return ReadFile(directory / "partners.out"); };
  if (!Eventually([&] { return said().find("\nkakao ") != std::string::npos; })) {
    throw std::runtime_error("the partners do not start: " + ReadFile(directory / "partners.err"));
  }
  const std::string first = said();
  address_ = first.substr(3, first.find('\n') - 3);
}

void PartnersProcess::Control(const std::string& command) const {
  const HttpReply reply = Post(address_, "/_control", command);
  if (reply.status != 200) throw std::runtime_error("the partner refuses: " + reply.body);
}

nlohmann::json PartnersProcess::See() const {
  return nlohmann::json::parse(Get(address_, "/_seen").body);
}

std::int64_t PartnersProcess::Count(const std::string& outcome) const {
  const nlohmann::json seen = See();
  if (outcome.empty()) return seen.at("total").get<std::int64_t>();
  return seen.at("counts").value(outcome, std::int64_t{0});
}

std::vector<Seen> PartnersProcess::Requests() const {
  std::vector<Seen> requests;
  const nlohmann::json seen = See();
  for (const nlohmann::json& request : seen.at("requests")) {
    requests.push_back({request.at("at_us").get<std::int64_t>(),
                        request.at("outcome").get<std::string>(), request.at("status").get<int>()});
  }
  return requests;
}

}  // namespace postrider::test
