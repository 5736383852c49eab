#!/bin/sh
# Makes the clips of this directory again, with FFmpeg 5.1 as Debian 12 has it. See README.md.
set -eu
cd "$(dirname "$0")"

source='testsrc2=size=32x18:rate=10:duration=0.5'
clear="color=red:size=32x18:rate=10:duration=0.5,format=rgba,geq=r=255:g=0:b=0:a='if(between(X,8+N,15+N),255,0)'"
make() { ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$@"; }

make "$source" -c:v libx264 -crf 40 plain.mp4
make "$source" -c:v libx264 -crf 40 -g 2 -movflags frag_keyframe+empty_moov fragmented.mp4
make "$source" -c:v libx264 -crf 40 plain.mov
make "$source" -c:v prores_ks -profile:v 4444 -pix_fmt yuv444p10le opaque-prores.mov
make "$clear" -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 clear-prores.mov
make "$clear" -c:v png clear-png.mov
make "$clear" -c:v qtrle clear-rle.mov
make "$source" -c:v qtrle opaque-rle.mov
make "$source" -c:v libvpx-vp9 -crf 60 -b:v 0 plain.webm
make "$source" -c:v libvpx-vp9 -crf 60 -b:v 0 -f webm - | cat > streamed.webm
make "$clear" -c:v libvpx-vp9 -crf 60 -b:v 0 -pix_fmt yuva420p -auto-alt-ref 0 clear.webm
make "$source" -c:v libx264 -crf 40 plain.mkv
make "$source" -c:v mjpeg -q:v 31 plain.avi
make "$source" -c:v libx264 -crf 40 -f mpegts plain.ts
make "$source" plain.gif
make "$clear,split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse" clear.gif
make "$source" -c:v libwebp_anim -lossless 0 -quality 10 -pix_fmt yuv420p plain.webp
make "$clear" -c:v libwebp_anim -lossless 0 -quality 10 clear.webp
make "$clear" -frames:v 1 clear.png
make "$source" -frames:v 1 -pix_fmt rgb24 opaque.png
make "sine=duration=0.2" -c:a aac -b:a 32k sound.mp4
