"""A small member of every family of timm, several where a family has members of different kinds."""

from __future__ import annotations

import timm

from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries, image_module

NAMES = """
test_vit2 vit_tiny_patch16_224 deit_tiny_distilled_patch16_224 beit_base_patch16_224 cait_xxs24_224
eva02_tiny_patch14_224 vit_tiny_r_s16_p8_224 vit_relpos_small_patch16_224 vit_small_patch16_rope_224
samvit_base_patch16_224 naflexvit_base_patch16_gap qwen3_vit_88m xcit_nano_12_p16_224 tnt_s_patch16_224 volo_d1_224
convit_tiny crossvit_9_240 swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 swinv2_cr_tiny_224 davit_tiny
focalnet_tiny_srf gcvit_xxtiny hiera_tiny_224 hieradet_small iformer_t mvitv2_tiny nest_tiny pit_ti_224 pvt_v2_b0
twins_pcpvt_small twins_svt_small tiny_vit_5m_224 levit_128s levit_conv_128s coat_tiny coat_lite_tiny
coatnet_pico_rw_224 maxvit_pico_rw_256 caformer_s18 poolformer_s12 edgenext_xx_small efficientformer_l1
efficientformerv2_s0 efficientvim_m1 efficientvit_b0 efficientvit_m0 fastvit_t8 mobilevit_xxs mobilevitv2_050
nextvit_small repvit_m0_9 shvit_s1 swiftformer_xs visformer_tiny vitamin_small_224 lowformer_b0 cpubone_nano csatv2
botnet26t_256 halonet26t lambda_resnet26t sequencer2d_s mixer_s32_224 gmlp_ti16_224 resmlp_12_224 gmixer_12_224
convmixer_768_32 convnext_atto convnextv2_atto convnext_zepto_rms inception_next_atto mambaout_femto rdnet_tiny
starnet_s050 fasternet_t0 resnet10t resnet26d ecaresnet26t resnetaa34d seresnext26d_32x4d legacy_seresnet18
legacy_xception xception41 res2net50_14w_8s res2next50 resnest14d skresnet18 resnetv2_18 resnetv2_50x1_bit resnet50_gn
nfnet_l0 nf_regnet_b0 nf_resnet26 eca_nfnet_l0 regnetx_002 regnety_002 regnetz_005 gernet_s repvgg_a0 mobileone_s0
gcresnext26ts bat_resnext26ts darknet17 cs3darknet_s cspresnet50 cspnext_tiny dla46x_c dpn68 ese_vovnet19b_slim
densenet121 densenetblur121d efficientnet_lite0 tf_efficientnet_b0 efficientnet_cc_b0_4e mixnet_s mnasnet_small
fbnetc_100 mobilenetv3_small_050 tf_mobilenetv3_small_minimal_100 lcnet_050 lcnetv2_small mobilenetv4_conv_small
mobilenetv4_hybrid_medium hardcorenas_a ghostnet_050 ghostnetv2_100 ghostnetv3_050 repghostnet_050 rexnet_100
hgnetv2_b0 hrnet_w18_small inception_v3 inception_v4 inception_resnet_v2 selecsls42b tresnet_m vgg11 nasnetalarge
pnasnet5large
"""
DYNAMO = """
test_vit2 vit_tiny_patch16_224 convnext_atto mixer_s32_224 ghostnet_050 levit_128s mobilevit_xxs resnest14d
poolformer_s12 volo_d1_224 halonet26t csatv2 naflexvit_base_patch16_gap cait_xxs24_224 xcit_nano_12_p16_224
edgenext_xx_small pvt_v2_b0 gmlp_ti16_224 efficientvit_b0 maxvit_pico_rw_256 hrnet_w18_small dla46x_c cs3darknet_s
ese_vovnet19b_slim lambda_resnet26t res2net50_14w_8s nf_regnet_b0 mixnet_s starnet_s050 inception_next_atto
tf_efficientnet_b0 repvgg_a0 mobilenetv4_conv_small fasternet_t0 coat_tiny swiftformer_xs convit_tiny pit_ti_224
gcvit_xxtiny crossvit_9_240
"""
"""Those that the new exporter writes too, spread over families."""
NO_TORCHSCRIPT = "volo_d1_224 halonet26t csatv2 naflexvit_base_patch16_gap"
"""Those that the old exporter cannot write."""
OWN_SIZE = "vgg11 csatv2"
"""Those whose pools the exporters write at the size they were made for alone."""
SMALL = 128


def catalogue() -> tuple[Entry, ...]:
    """All entries, in the order of `NAMES`."""
    found: list[Entry] = []
    for name in NAMES.split():
        is_old = name not in NO_TORCHSCRIPT.split()
        found += entries(
            f"timm_{name}", lambda name=name: _built(name), dynamo=name in DYNAMO.split(), torchscript=is_old
        )
    return tuple(found)


def _built(name: str) -> Built:
    timm.layers.set_fused_attn(False)  # the old exporter cannot write the fused one where its flag is computed
    model = timm.create_model(name, pretrained=False)
    own = model.pretrained_cfg["input_size"][-1]
    is_fixed = model.pretrained_cfg.get("fixed_input_size", False) or name in OWN_SIZE.split()
    return image_module(lambda: model, (own,) if is_fixed or own < SMALL else (SMALL, own))
