from digits_core.service.digits import Digits

digits = Digits()
for job in digits.jobs():
    print(job.job, job.state, job.metrics.get("val/accuracy"))
