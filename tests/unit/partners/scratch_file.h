#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

namespace postrider::partners {

/// The path of a file that does not exist yet and is removed at the end.
class ScratchFile {
 public:
  ScratchFile() {
    static std::atomic<int> count{0};
    path_ =
        testing::TempDir() + "partners." + std::to_string(getpid()) + "." + std::to_string(count++);
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace postrider::partners
