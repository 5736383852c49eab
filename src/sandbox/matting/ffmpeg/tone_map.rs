//! High dynamic range and wide colours brought down to what every player shows: BT.709, 8 bits.
//!
//! FFmpeg decodes to RGB of 16 bits as it is coded; this turns it into light, maps the light, and
//! codes it anew. Its own filters for that are missing from many builds. Diffuse white is at 203 nits
//! (ITU-R BT.2408), so a grey and a white come out as in the standard version of the same picture, and
//! only what is brighter is compressed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixel arithmetic: values are clamped to their range before they are narrowed"
)]

/// How the values of a video encode light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Hybrid log-gamma (ARIB STD-B67, BT.2100).
    Hlg,
    /// Perceptual quantiser (SMPTE ST 2084, BT.2100).
    Pq,
    /// As in BT.709 and BT.2020: nothing is above white.
    Standard,
}

/// The red, green and blue of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Primaries {
    Bt709,
    Bt2020,
    P3,
}

/// Colours that need mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WideColors {
    pub(crate) transfer: Transfer,
    pub(crate) primaries: Primaries,
}

impl WideColors {
    /// From `FFprobe`'s words; absent where the colours are the usual ones, or not stated.
    pub(crate) fn of(transfer: Option<&str>, primaries: Option<&str>) -> Option<Self> {
        let transfer = match transfer {
            Some("arib-std-b67") => Transfer::Hlg,
            Some("smpte2084") => Transfer::Pq,
            _ => Transfer::Standard,
        };
        let primaries = match primaries {
            Some("bt2020") => Primaries::Bt2020,
            Some("smpte431" | "smpte432") => Primaries::P3,
            _ => Primaries::Bt709,
        };
        let usual = Self { transfer: Transfer::Standard, primaries: Primaries::Bt709 };
        let found = Self { transfer, primaries };
        (found != usual).then_some(found)
    }

    /// What the user of the job should know.
    pub(crate) fn note(self) -> Option<String> {
        let name = match self.transfer {
            Transfer::Hlg => "HLG",
            Transfer::Pq => "PQ",
            Transfer::Standard => return None,
        };
        Some(format!("The video is HDR ({name}): it was tone-mapped to standard dynamic range"))
    }
}

/// Nits of diffuse white (BT.2408).
const WHITE: f32 = 203.0;

/// Nits of the brightest light that keeps its shade: the nominal peak of HLG.
const PEAK: f32 = 1000.0;

/// Light above this part of white is compressed.
const KNEE: f32 = 0.8;

/// The exponent of a reference display (BT.1886).
const DISPLAY: f32 = 2.4;

/// Steps of the table from coded values to light.
const DECODE_STEPS: usize = 1 << 12;

/// Steps of the table from light to coded bytes.
const ENCODE_STEPS: usize = 1 << 16;

/// Maps frames of one video.
#[derive(Debug)]
pub(crate) struct Mapper {
    wide: WideColors,
    /// Light by coded value: of the scene for HLG, in parts of white elsewhere.
    decode: Vec<f32>,
    /// Byte by light, 0..1.
    encode: Vec<u8>,
}

impl Mapper {
    pub(crate) fn new(wide: WideColors) -> Self {
        let table = |steps: usize, value: &dyn Fn(f32) -> f32| -> Vec<f32> {
            (0..steps).map(|step| value(step as f32 / (steps - 1) as f32)).collect()
        };
        let decode = table(DECODE_STEPS, &|coded| match wide.transfer {
            Transfer::Hlg => hlg_scene(coded),
            Transfer::Pq => pq_nits(coded) / WHITE,
            Transfer::Standard => coded.powf(DISPLAY),
        });
        let encode = table(ENCODE_STEPS, &|light| light.powf(1.0 / DISPLAY) * 255.0 + 0.5);
        Self { wide, decode, encode: encode.into_iter().map(|byte| byte as u8).collect() }
    }

    /// Maps `deep`, RGB of 16 bits with the low byte first, into `frame`, RGB of 8 bits.
    pub(crate) fn map(&self, deep: &[u8], frame: &mut [u8]) {
        for (pixel, out) in deep.chunks_exact(6).zip(frame.chunks_exact_mut(3)) {
            let coded = |at: usize| usize::from(u16::from_le_bytes([pixel[at], pixel[at + 1]]));
            let light = [0, 2, 4].map(|at| self.decode[coded(at) * (DECODE_STEPS - 1) / 0xffff]);
            out.copy_from_slice(&self.mapped(light));
        }
    }

    fn mapped(&self, mut light: [f32; 3]) -> [u8; 3] {
        if self.wide.transfer == Transfer::Hlg {
            // The display's share of the curve (BT.2100): brighter parts gain contrast.
            let luminance = 0.2627 * light[0] + 0.6780 * light[1] + 0.0593 * light[2];
            let gain = luminance.powf(0.2) * PEAK / WHITE;
            light = light.map(|channel| channel * gain);
        }
        light = match self.wide.primaries {
            Primaries::Bt709 => light,
            Primaries::Bt2020 => through(&FROM_BT2020, light),
            Primaries::P3 => through(&FROM_P3, light),
        };
        if self.wide.transfer != Transfer::Standard {
            let most = light[0].max(light[1]).max(light[2]);
            if most > KNEE {
                let factor = compressed(most) / most;
                light = light.map(|channel| channel * factor);
            }
        }
        light.map(|channel| {
            self.encode[(channel.clamp(0.0, 1.0) * (ENCODE_STEPS - 1) as f32 + 0.5) as usize]
        })
    }
}

/// Linear light of BT.2020 in that of BT.709 (BT.2087).
const FROM_BT2020: [[f32; 3]; 3] =
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]];

/// Linear light of P3 with a white of D65 in that of BT.709.
const FROM_P3: [[f32; 3]; 3] =
    [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]];

fn through(matrix: &[[f32; 3]; 3], light: [f32; 3]) -> [f32; 3] {
    matrix.map(|row| row[0] * light[0] + row[1] * light[1] + row[2] * light[2])
}

/// Light above the knee: continues with the same slope and reaches white at the peak.
fn compressed(light: f32) -> f32 {
    let (above, range) = (light - KNEE, 1.0 - KNEE);
    let bend = 1.0 / range - 1.0 / (PEAK / WHITE - KNEE);
    (KNEE + above / (1.0 + above * bend)).min(1.0)
}

/// Light of the scene, 0..1, by an HLG signal (BT.2100, inverse OETF).
fn hlg_scene(coded: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    if coded <= 0.5 { coded * coded / 3.0 } else { (((coded - C) / A).exp() + B) / 12.0 }
}

/// Nits by a PQ signal (ST 2084, EOTF).
fn pq_nits(coded: f32) -> f32 {
    const M1: f32 = 2610.0 / 16384.0;
    const M2: f32 = 2523.0 / 4096.0 * 128.0;
    const C1: f32 = 3424.0 / 4096.0;
    const C2: f32 = 2413.0 / 4096.0 * 32.0;
    const C3: f32 = 2392.0 / 4096.0 * 32.0;
    let power = coded.powf(1.0 / M2);
    10_000.0 * ((power - C1).max(0.0) / (C2 - C3 * power)).powf(1.0 / M1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pixel of coded parts of 0..1.
    fn pixel(transfer: Transfer, primaries: Primaries, coded: [f32; 3]) -> [u8; 3] {
        let deep: Vec<u8> =
            coded.iter().flat_map(|part| ((part * 65535.0) as u16).to_le_bytes()).collect();
        let mut frame = [0; 3];
        Mapper::new(WideColors { transfer, primaries }).map(&deep, &mut frame);
        frame
    }

    /// BT.2408, table 1: what a grey card and a white reach in HLG and PQ, and in standard video.
    #[test]
    fn grey_and_white_are_where_standard_video_has_them() {
        for (transfer, grey, white) in [
            (Transfer::Hlg, 0.38, 0.75),
            (Transfer::Pq, 0.38, 0.58),
            (Transfer::Standard, 0.42, 1.0),
        ] {
            for primaries in [Primaries::Bt709, Primaries::Bt2020, Primaries::P3] {
                for (coded, wanted) in [(0.0, 0..=2), (grey, 100..=114), (white, 240..=255)] {
                    let [red, green, blue] = pixel(transfer, primaries, [coded; 3]);
                    let named = format!("{transfer:?} {primaries:?} {coded}: {red} {green} {blue}");
                    assert!(wanted.contains(&green), "{named}");
                    assert!(red.abs_diff(green) < 2 && blue.abs_diff(green) < 2, "{named}");
                }
            }
        }
        let peak = [pixel(Transfer::Hlg, Primaries::Bt2020, [1.0; 3])[1], {
            pixel(Transfer::Pq, Primaries::Bt2020, [0.752; 3])[1]
        }];
        assert_eq!(peak, [255, 255]);
    }

    #[test]
    fn brighter_is_never_darker() {
        for transfer in [Transfer::Hlg, Transfer::Pq, Transfer::Standard] {
            let greys: Vec<u8> = (0..=200)
                .map(|step| pixel(transfer, Primaries::Bt2020, [step as f32 / 200.0; 3])[0])
                .collect();
            assert!(greys.is_sorted(), "{transfer:?}: {greys:?}");
            assert_eq!(greys.last(), Some(&255), "{transfer:?}");
        }
    }

    /// A colour within BT.709, written in BT.2020, comes back as it was.
    #[test]
    fn a_wide_colour_comes_back() {
        // Skin of (0.72, 0.50, 0.40) in BT.709; its light goes through the inverse of the matrix.
        let light = [0.72_f32, 0.50, 0.40].map(|part| part.powf(DISPLAY));
        let to_2020 =
            [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];
        let coded = through(&to_2020, light).map(|part| part.powf(1.0 / DISPLAY));
        let found = pixel(Transfer::Standard, Primaries::Bt2020, coded);
        for (part, wanted) in found.iter().zip([0.72, 0.50, 0.40]) {
            assert!((f32::from(*part) / 255.0 - wanted).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn values_of_ffprobe() {
        let wide = |transfer, primaries| Some(WideColors { transfer, primaries });
        let (hlg, pq) = (Some("arib-std-b67"), Some("smpte2084"));
        assert_eq!(WideColors::of(hlg, Some("bt2020")), wide(Transfer::Hlg, Primaries::Bt2020));
        assert_eq!(WideColors::of(pq, None), wide(Transfer::Pq, Primaries::Bt709));
        assert_eq!(WideColors::of(None, Some("smpte432")), wide(Transfer::Standard, Primaries::P3));
        for usual in [None, Some("bt709"), Some("smpte170m"), Some("iec61966-2-1")] {
            assert_eq!(WideColors::of(usual, usual), None);
        }
        assert!(WideColors::of(hlg, Some("bt2020")).unwrap().note().unwrap().contains("HLG"));
    }
}
