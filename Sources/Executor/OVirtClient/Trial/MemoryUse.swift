import DRKit
import Glibc

/// What this process holds, by Linux's own count.
struct MemoryUse: Sendable {
  /// Bytes.
  var resident: Int
  /// Bytes; the most that was resident since the last `begin`.
  var peak: Int
  var descriptors: Int

  /// Starts a measurement: forgets the peak so far. What the allocator keeps is counted as held.
  static func begin() throws(DRError) -> MemoryUse {
    guard let file = fopen("/proc/self/clear_refs", "w") else { throw unfit("/proc/self/clear_refs") }
    let isWritten = fputs("5\n", file) >= 0
    // The number goes out with the close, so its result counts.
    guard fclose(file) == 0, isWritten else { throw unfit("/proc/self/clear_refs") }
    return try end()
  }

  static func end() throws(DRError) -> MemoryUse {
    MemoryUse(
      resident: try field("VmRSS:"), peak: try field("VmHWM:"), descriptors: try openDescriptors())
  }

  private static func field(_ name: String) throws(DRError) -> Int {
    let path = "/proc/self/status"
    guard let file = fopen(path, "r") else { throw unfit(path) }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard text.hasPrefix(name) else { continue }
      let number = text.dropFirst(name.count).filter { $0.isNumber }
      guard let kilobytes = Int(number), kilobytes > 0 else { break }
      return kilobytes << 10
    }
    throw unfit(path)
  }

  private static func openDescriptors() throws(DRError) -> Int {
    guard let directory = opendir("/proc/self/fd") else { throw unfit("/proc/self/fd") }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }

  private static func unfit(_ path: String) -> DRError {
    DRError(.unfit, "measure this process's memory", path, reason: "it can't be used")
  }
}
