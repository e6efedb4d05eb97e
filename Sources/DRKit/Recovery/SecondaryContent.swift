/// What lies on a secondary volume: found by a scan, judged by nobody yet. Values only, so that every judgement can be made
/// again from the same facts.
struct SecondaryContent: Sendable, Hashable {
  /// Sorted by id.
  var domains: [DomainContent]
  /// The nonces of every session that replicates into the volume.
  var nonces: [ArrivedNonce]
}

struct ArrivedNonce: Sendable, Hashable {
  var path: String
  /// Nil when the file is empty, cut off, or no nonce.
  var text: NonceText.Parsed?
}

struct DomainContent: Sendable, Hashable {
  var id: StorageDomainID
  var state: State
  var records: PointRecords
  /// Sorted by id.
  var images: [ImageContent]
  /// From OVF_STORE and from the manifests.
  var documents: [OVFDocument]

  /// What `dom_md/metadata` says.
  enum State: Sendable, Hashable {
    case whole(name: String, pools: [String])
    case absent
    case unreadable(String)
  }

  var layout: DomainLayout { DomainLayout(id) }
  var name: String? { if case .whole(let name, _) = state { name } else { nil } }
}

/// One image directory.
struct ImageContent: Sendable, Hashable {
  var disk: DiskID
  /// Sorted by id; one for every id that a file, a `.meta` or a `.lease` is named after.
  var volumes: [VolumeContent]

  subscript(_ volume: VolumeID) -> VolumeContent? { volumes.first { $0.id == volume } }
}

struct VolumeContent: Sendable, Hashable {
  var id: VolumeID
  /// Of the volume's own file; nil when there is none.
  var size: Int64?
  var meta: Meta
  var hasLease: Bool

  enum Meta: Sendable, Hashable {
    case absent
    /// As the `.meta` of a file that was retained may arrive.
    case empty
    /// Cut off, or not understood.
    case bad([UInt8], reason: String)
    case whole(VolumeMetadata)
  }

  var metadata: VolumeMetadata? { if case .whole(let metadata) = meta { metadata } else { nil } }
  /// An empty or unreadable `.meta`, in words; nil when it is whole or absent.
  var complaint: String? {
    switch meta {
    case .absent, .whole: nil
    case .empty: "its .meta is empty"
    case .bad(_, let reason): "its .meta can't be read: \(reason)"
    }
  }
}
