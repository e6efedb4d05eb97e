/// What a nonce says: whose it is, and in which round of a pass it was written.
///
/// Any round of the pass will do at the secondary: the first was written after the wait that the cut needs.
public enum NonceText {
  public static func bytes(run: RunID, pass: String, round: Int) -> [UInt8] {
    Array((head(run, pass) + "round \(round)\n").utf8)
  }

  /// Nil when the bytes are a nonce of this run and pass; otherwise what is wrong with them.
  public static func complaint(_ bytes: [UInt8]?, run: RunID, pass: String) -> String? {
    guard let bytes else { return "it has not arrived" }
    guard !bytes.isEmpty else { return "it is empty: entries arrive but data does not" }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(head(run, pass)) else {
      return "it is an older one: this run's data has not arrived"
    }
    let round = text.dropFirst(head(run, pass).count)
    guard round.hasPrefix("round "), round.hasSuffix("\n"), Int(round.dropFirst(6).dropLast()) != nil else {
      return "its last line is cut off"
    }
    return nil
  }

  private static func head(_ run: RunID, _ pass: String) -> String {
    "drkit nonce\nrun \(run)\npass \(pass)\n"
  }
}
