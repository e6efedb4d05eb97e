/// Regular files of a tar archive held in memory: what an OVF_STORE's volume holds (ustar, as commons-compress writes it).
enum TarEntries {
  struct Entry: Sendable, Hashable {
    var name: String
    var bytes: ArraySlice<UInt8>
  }

  private static let block = 512

  /// Every entry up to the end mark or to the first header that makes no sense: a volume that arrived in part gives what is
  /// there.
  static func read(_ archive: [UInt8]) -> [Entry] {
    var entries: [Entry] = []
    var at = 0
    while at + block <= archive.count {
      let header = archive[at..<(at + block)]
      guard header.contains(where: { $0 != 0 }), isWhole(header) else { break }
      guard let size = octal(header[(at + 124)..<(at + 136)]), size >= 0 else { break }
      let begin = at + block
      guard size <= archive.count - begin else { break }
      let type = archive[at + 156]
      if type == UInt8(ascii: "0") || type == 0 {
        entries.append(Entry(name: text(header[at..<(at + 100)]), bytes: archive[begin..<(begin + size)]))
      }
      at = begin + (size + block - 1) / block * block
    }
    return entries
  }

  /// The header's own checksum: the sum of its bytes, the checksum's taken as spaces.
  private static func isWhole(_ header: ArraySlice<UInt8>) -> Bool {
    let field = (header.startIndex + 148)..<(header.startIndex + 156)
    var sum = 0
    for index in header.indices { sum += field.contains(index) ? 32 : Int(header[index]) }
    return octal(header[field]) == sum
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = String(decoding: field, as: UTF8.self).filter { $0 >= "0" && $0 <= "7" }
    return digits.isEmpty ? nil : Int(digits, radix: 8)
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }
}
