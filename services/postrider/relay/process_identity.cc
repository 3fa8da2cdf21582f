#include "relay/process_identity.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "relay/version.h"

namespace postrider {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string LinkTarget(const std::string& path) {
  std::array<char, 256> target{};
  const ssize_t length = readlink(path.c_str(), target.data(), target.size() - 1);
  return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) : "?";
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// Field 22 of /proc/PID/stat; -1 when there is no such process, or only what is left of one.
std::int64_t StartOf(int pid) {
  const std::string stat = FirstLine("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return -1;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return -1;
  for (int n = 4; n <= 22; ++n) fields >> field;
  return field.empty() ? -1 : std::stoll(field);
}

std::string RandomUuid() {
  std::random_device random;
  const auto word = [&] { return static_cast<unsigned>(random()); };
  const unsigned a = word();
  const unsigned b = word();
  const unsigned c = word();
  const unsigned d = word();
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-4%03x-%04x-%04x%08x", a, b >> 16, b & 0xFFF,
                0x8000 | (c >> 18), c & 0xFFFF, d);
  return text.data();
}

}  // namespace

Incarnation MakeIncarnation(const RelaySettings& settings) {
  Incarnation incarnation;
  incarnation.id = RandomUuid();
  incarnation.name = settings.name.empty() ? HostName() : settings.name;
  incarnation.version = kVersion;
  incarnation.host = HostName() + "/" + FirstLine("/proc/sys/kernel/random/boot_id") + "/" +
                     LinkTarget("/proc/self/ns/pid");
  incarnation.pid = getpid();
  incarnation.pid_start = StartOf(incarnation.pid);
  incarnation.lease = settings.lease;
  return incarnation;
}

bool ProcessLives(int pid, std::int64_t start) { return StartOf(pid) == start; }

}  // namespace postrider
