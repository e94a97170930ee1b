//! Demands, attempts, receipts and refunds; provider adapters; FPS QR.
