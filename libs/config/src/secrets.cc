#include "postrider/config/secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace postrider {
namespace {

constexpr std::size_t kLargestSecret = 64 * 1024;
// A file system's clock may be this coarse: a change right after a reading may not show.
constexpr std::time_t kSettleSeconds = 2;

/// A file descriptor, closed at the end of its scope.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void Fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("the secret in the file " + path + " can not be read: " + why);
}

bool SameFile(const struct stat& a, const struct stat& b) {
  const auto identity = [](const struct stat& file) {
    return std::tuple(file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec,
                      file.st_mtim.tv_nsec, file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
  };
  return identity(a) == identity(b);
}

std::string ReadAll(int descriptor, const std::string& path) {
  std::string content;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) Fail(path, std::strerror(errno));
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > kLargestSecret) Fail(path, "it is larger than 64KB");
  }
}

void DropLineBreak(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

bool HasControlCharacter(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7F;
  });
}

// What is wrong with a secret; empty: nothing.
std::string FaultOf(const SecretUse& use, const SecretResolver& resolver) {
  try {
    const std::string value = resolver(use.secret);
    const bool bad = use.in_header && HasControlCharacter(value);
    return bad ? "the secret holds a line break or control character, allowed in a header: one line"
               : "";
  } catch (const std::exception& fault) {
    return fault.what();
  }
}

}  // namespace

SecretReader::SecretReader(Environment environment) : environment_(std::move(environment)) {}

std::string SecretReader::Read(const Secret& secret) {
  return secret.source == Secret::Source::kFile ? ReadFile(secret.name) : ReadVariable(secret.name);
}

SecretResolver SecretReader::Resolver() {
  return [this](const Secret& secret) { return Read(secret); };
}

std::string SecretReader::ReadVariable(const std::string& name) const {
  const auto value = environment_(name);
  if (!value) throw std::runtime_error("the environment variable " + name + " is not set");
  if (value->empty()) throw std::runtime_error("the environment variable " + name + " is empty");
  return *value;
}

std::string SecretReader::ReadFile(const std::string& path) {
  const std::lock_guard lock(mutex_);
  struct stat now {};
  if (stat(path.c_str(), &now) != 0) Fail(path, std::strerror(errno));
  CachedFile& cached = files_[path];
  if (cached.settled && SameFile(cached.identity, now)) return cached.value;
  const OpenFile file(path);
  if (file.descriptor() < 0 || fstat(file.descriptor(), &now) != 0)
    Fail(path, std::strerror(errno));
  if (!S_ISREG(now.st_mode)) Fail(path, "it is not a file");
  std::string value = ReadAll(file.descriptor(), path);
  DropLineBreak(value);
  if (value.empty()) Fail(path, "it is empty");
  const std::time_t changed = std::max(now.st_mtim.tv_sec, now.st_ctim.tv_sec);
  cached = {now, std::move(value), std::time(nullptr) - changed > kSettleSeconds};
  return cached.value;
}

std::vector<ConfigError> CheckSecrets(const LoadedConfig& config, const SecretResolver& resolver) {
  std::vector<ConfigError> errors;
  for (const SecretUse& use : config.secrets) {
    std::string fault = FaultOf(use, resolver);
    if (fault.empty()) continue;
    errors.push_back(use.where);
    errors.back().message = std::move(fault);
  }
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return errors;
}

}  // namespace postrider
