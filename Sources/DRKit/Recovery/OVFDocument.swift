/// What an OVF of the engine says of a machine's volumes and snapshots, as far as the ownership of an overlay needs it.
///
/// The only trace of a snapshot's description at the secondary: `.meta` files do not name snapshots.
struct OVFDocument: Sendable, Hashable {
  struct Disk: Sendable, Hashable {
    var disk: DiskID
    var volume: VolumeID
    /// Nil for the bottom of a chain.
    var parent: VolumeID?
    /// The snapshot that the volume is frozen by; the active entry's for the one that the guest writes to.
    var snapshot: SnapshotID?
  }

  struct Snapshot: Sendable, Hashable {
    var id: SnapshotID
    /// `REGULAR`, `ACTIVE`, …
    var type: String
    var description: String
    /// As the engine writes it; empty when it does not say.
    var created: String
  }

  /// Where it was found.
  var source: String
  var machine: VirtualMachineID?
  var name: String
  var disks: [Disk]
  var snapshots: [Snapshot]

  /// Reads what it understands and passes over the rest; nil when the text is no OVF, or is cut off.
  init?(_ text: [UInt8], source: String) {
    var tags = MarkupTags(text)
    var reader = Reader()
    var isWhole = false
    while let tag = tags.next() {
      reader.take(tag)
      if tag.isEnd && tag.localName == "Envelope" {
        isWhole = true
        break
      }
    }
    guard isWhole else { return nil }
    self.source = source
    machine = reader.machine
    name = reader.name ?? ""
    disks = reader.disks
    snapshots = reader.snapshots
  }

  private struct Reader {
    var machine: VirtualMachineID?
    var name: String?
    var disks: [Disk] = []
    var snapshots: [Snapshot] = []
    private var snapshot: Snapshot?

    mutating func take(_ tag: MarkupTags.Tag) {
      if tag.isEnd { return end(tag) }
      switch tag.localName {
      case "Disk": disk(tag)
      case "Section" where tag["type"] == "ovf:OperatingSystemSection_Type":
        machine = tag["id"].flatMap { VirtualMachineID($0) }
      case "Snapshot":
        snapshot = tag["id"].flatMap { SnapshotID($0) }.map {
          Snapshot(id: $0, type: "", description: "", created: "")
        }
      default: break
      }
    }

    private mutating func end(_ tag: MarkupTags.Tag) {
      switch tag.localName {
      case "Snapshot":
        if let done = snapshot { snapshots.append(done) }
        snapshot = nil
      case "Type": snapshot?.type = tag.text
      case "Description": snapshot?.description = tag.text
      case "CreationDate": snapshot?.created = tag.text
      case "Name" where tag.name == "Name" && snapshot == nil: name = name ?? tag.text
      default: break
      }
    }

    private mutating func disk(_ tag: MarkupTags.Tag) {
      guard let (disk, volume) = Self.reference(tag["fileRef"]) else { return }
      disks.append(
        Disk(
          disk: disk, volume: volume, parent: Self.reference(tag["parentRef"])?.volume,
          snapshot: tag["vm_snapshot_id"].flatMap { SnapshotID($0) }))
    }

    /// `<disk>/<volume>`.
    private static func reference(_ text: String?) -> (disk: DiskID, volume: VolumeID)? {
      let parts = (text ?? "").split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let disk = DiskID(parts[0]), let volume = VolumeID(parts[1]) else { return nil }
      return (disk, volume)
    }
  }
}

/// Tags of an XML text one after the other, with the text before an end tag. Checks no well-formedness: what does not make
/// sense is passed over, whatever it is.
struct MarkupTags {
  struct Tag {
    var name: String
    var isEnd: Bool
    var attributes: [(name: String, value: String)] = []
    /// For an end tag: what stands between it and the tag before it.
    var text = ""

    var localName: String { MarkupTags.local(name) }
    /// The attribute with this local name.
    subscript(_ name: String) -> String? { attributes.first { MarkupTags.local($0.name) == name }?.value }
  }

  private let bytes: [UInt8]
  private var position = 0
  /// The end tag of an element that is its own end.
  private var pending: Tag?

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Tag? {
    if let tag = pending {
      pending = nil
      return tag
    }
    while let open = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
      let text = bytes[position..<open]
      guard let close = end(of: open) else { return nil }
      position = close + 1
      guard let first = bytes[(open + 1)..<close].first, first != UInt8(ascii: "?"),
        first != UInt8(ascii: "!")
      else { continue }
      if first == UInt8(ascii: "/") {
        let name = String(decoding: bytes[(open + 2)..<close], as: UTF8.self).filter { !$0.isWhitespace }
        return Tag(name: name, isEnd: true, text: Self.decoded(text))
      }
      return start(bytes[(open + 1)..<close])
    }
    return nil
  }

  /// The `>` that ends the tag: not one inside quotes.
  private func end(of open: Int) -> Int? {
    let comment = Array("<!--".utf8)
    if bytes[open...].starts(with: comment) {
      let mark = Array("-->".utf8)
      var at = open + comment.count
      while at + mark.count <= bytes.count {
        if bytes[at..<(at + mark.count)].elementsEqual(mark) { return at + mark.count - 1 }
        at += 1
      }
      return nil
    }
    var quote: UInt8?
    for at in (open + 1)..<bytes.count {
      let byte = bytes[at]
      if let mark = quote {
        if byte == mark { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: ">") {
        return at
      }
    }
    return nil
  }

  private mutating func start(_ inner: ArraySlice<UInt8>) -> Tag {
    let isEmpty = inner.last == UInt8(ascii: "/")
    var rest = isEmpty ? inner.dropLast() : inner
    let name = rest.prefix { !Self.isSpace($0) }
    rest = rest.dropFirst(name.count)
    var tag = Tag(name: String(decoding: name, as: UTF8.self), isEnd: false)
    while true {
      rest = rest.drop { Self.isSpace($0) }
      let key = rest.prefix { $0 != UInt8(ascii: "=") && !Self.isSpace($0) }
      rest = rest.dropFirst(key.count).drop { Self.isSpace($0) }
      guard !key.isEmpty, rest.first == UInt8(ascii: "=") else { break }
      rest = rest.dropFirst().drop { Self.isSpace($0) }
      guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { break }
      let value = rest.dropFirst().prefix { $0 != quote }
      rest = rest.dropFirst(value.count + 2)
      tag.attributes.append((String(decoding: key, as: UTF8.self), Self.decoded(value)))
    }
    if isEmpty { pending = Tag(name: tag.name, isEnd: true) }
    return tag
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  fileprivate static func local(_ name: String) -> String {
    name.split(separator: ":").last.map(String.init) ?? name
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    var out = ""
    var rest = text[...]
    while let amp = rest.firstIndex(of: "&") {
      out += rest[..<amp]
      rest = rest[rest.index(after: amp)...]
      // The longest is `&#x10ffff;`. Looking further would make a text of many `&` cost the square of its length.
      guard let end = rest.prefix(10).firstIndex(of: ";"), let scalar = entity(rest[..<end]) else {
        out += "&"
        continue
      }
      out.unicodeScalars.append(scalar)
      rest = rest[rest.index(after: end)...]
    }
    return out + rest
  }

  private static func entity(_ name: Substring) -> Unicode.Scalar? {
    switch name {
    case "amp": "&"
    case "lt": "<"
    case "gt": ">"
    case "quot": "\""
    case "apos": "'"
    default:
      if name.hasPrefix("#x") {
        UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
      } else if name.hasPrefix("#") {
        UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
      } else {
        nil
      }
    }
  }
}
