#include "process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "exposition.h"

namespace postrider {
namespace {

/// The fields of /proc/self/stat that are shown (proc(5)).
struct Stat {
  double user_ticks = 0;
  double system_ticks = 0;
  double threads = 0;
  double start_ticks = 0;  ///< after boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<Stat> ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // The second field, the command in parentheses, may hold spaces; the third follows the last ')'.
  const auto end_of_command = text.rfind(')');
  if (end_of_command == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end_of_command + 1));
  const auto skip = [&fields](int count) {
    for (std::string field; count > 0 && fields >> field; --count) {
    }
  };
  Stat stat;
  skip(11);  // 3 .. 13
  fields >> stat.user_ticks >> stat.system_ticks;
  skip(4);  // 16 .. 19
  fields >> stat.threads;
  skip(1);  // 21
  fields >> stat.start_ticks >> stat.virtual_bytes >> stat.resident_pages;
  if (!fields) return std::nullopt;
  return stat;
}

/// Unix time of the machine's start.
std::optional<double> ReadBootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return std::nullopt;
}

std::optional<double> CountOpenFds() {
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(fds, {})) - 1;  // the one that reads the directory
}

}  // namespace

void AddProcessMetrics(Exposition& exposition) {
  if (const auto stat = ReadStat()) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    exposition.Add(catalog::kProcessCpu, {}, (stat->user_ticks + stat->system_ticks) / ticks);
    exposition.Add(catalog::kProcessResident, {},
                   stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
    exposition.Add(catalog::kProcessVirtual, {}, stat->virtual_bytes);
    exposition.Add(catalog::kProcessThreads, {}, stat->threads);
    static const auto boot_time = ReadBootTime();
    if (boot_time) {
      exposition.Add(catalog::kProcessStart, {}, *boot_time + stat->start_ticks / ticks);
    }
  }
  if (const auto fds = CountOpenFds()) exposition.Add(catalog::kProcessOpenFds, {}, *fds);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    exposition.Add(catalog::kProcessMaxFds, {}, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace postrider
