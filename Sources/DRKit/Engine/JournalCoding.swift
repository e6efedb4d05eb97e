import FoundationEssentials

/// Journal values and manifests are JSON with sorted keys: the same value is the same bytes in every build.
enum JournalCoding {
  static func encode(_ value: some Encodable, for step: String) throws(DRError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw DRError(.malformed, "journal a step", step, reason: "its value can't be encoded: \(error)")
    }
  }

  static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8], for step: String) throws(DRError) -> T
  {
    do {
      return try JSONDecoder().decode(T.self, from: Data(bytes))
    } catch {
      throw DRError(
        .unreadable, "read the journal", step, reason: "the recorded value can't be decoded: \(error)",
        remedy: "this run was journalled by another version of drkit: let that version finish it")
    }
  }
}
