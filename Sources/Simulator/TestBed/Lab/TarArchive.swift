/// A tar archive (POSIX ustar) of small files, as an OVF_STORE disk holds one.
struct TarArchive {
  private(set) var bytes: [UInt8] = []

  /// - Parameters:
  ///   - name: At most 100 bytes; what is longer is cut.
  ///   - seconds: Modification time, since the epoch.
  mutating func add(_ name: String, _ content: [UInt8], seconds: Int64) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int, limit: Int) {
      for (index, byte) in text.utf8.prefix(limit).enumerated() { header[offset + index] = byte }
    }
    func octal(_ value: Int64, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    put(name, at: 0, limit: 100)
    put(octal(0o644, digits: 7), at: 100, limit: 7)
    put(octal(36, digits: 7), at: 108, limit: 7)
    put(octal(36, digits: 7), at: 116, limit: 7)
    put(octal(Int64(content.count), digits: 11), at: 124, limit: 11)
    put(octal(max(0, seconds), digits: 11), at: 136, limit: 11)
    put("        0", at: 148, limit: 9)  // the checksum counts as blanks; type 0, a regular file
    put("ustar\u{0}00", at: 257, limit: 8)
    put("vdsm", at: 265, limit: 31)
    put("kvm", at: 297, limit: 31)
    let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
    put(octal(sum, digits: 6) + "\0 ", at: 148, limit: 8)
    bytes += header
    bytes += content
    pad(to: 512)
  }

  /// Ends the archive and fills its last record up to 10240 bytes, as tar does.
  mutating func end() {
    bytes += [UInt8](repeating: 0, count: 1_024)
    pad(to: 10_240)
  }

  private mutating func pad(to size: Int) {
    let rest = bytes.count % size
    if rest > 0 { bytes += [UInt8](repeating: 0, count: size - rest) }
  }
}
